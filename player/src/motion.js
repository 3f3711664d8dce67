// A dancer's motion: what justlmd/view/motion_script.py wrote, as quaternions and positions by frame.
import { unpack } from "./unpack.js";

export const FPS = 30;
export const JOINTS = 24;
const ROTATION_STEP = (2 * Math.PI) / 2 ** 14;

export class Motion {
  constructor(content, channels) {
    Object.assign(this, content);
    this.channels = channels;
  }

  static async decode(content) {
    return new Motion(content, await unpack(content.data, 75, 2));
  }

  /** The frame that is on at a second of the song; the clock is cut to microseconds, so a thousandth is added. */
  frameAt(seconds) {
    const frame = Math.floor((seconds - this.first_frame_s) * FPS + 1e-3);
    return Math.min(Math.max(frame, 0), this.frames - 1);
  }

  get endsAt() {
    return this.first_frame_s + this.frames / FPS;
  }

  isMissing(frame) {
    return this.missing.some(([start, stop]) => start <= frame && frame < stop);
  }

  /** Translation of the root in metres, as SMPL adds it. */
  translation(frame) {
    return [0, 1, 2].map((axis) => this.channels[axis][frame] * this.step + this.origin[axis]);
  }

  rotationVector(joint, frame) {
    return [0, 1, 2].map((axis) => this.channels[3 + 3 * joint + axis][frame] * ROTATION_STEP);
  }

  /** Local rotation [x, y, z, w] of a joint. */
  quaternion(joint, frame) {
    const vector = this.rotationVector(joint, frame);
    const angle = Math.hypot(...vector);
    const scale = angle > 1e-9 ? Math.sin(angle / 2) / angle : 0.5;
    return [vector[0] * scale, vector[1] * scale, vector[2] * scale, Math.cos(angle / 2)];
  }

  /** Mean place of the root on the floor over a second and a half around a frame: where a camera would look. */
  place(frame) {
    if (!this.places) this.places = smoothed(this.channels, this.step, this.origin, this.frames, this.rest[0]);
    return [this.places[0][frame], this.places[1][frame]];
  }

  /** Middle and extent of the trajectory on the floor: [x, z], [width, depth]. */
  get floorBox() {
    const spans = [0, 2].map((axis) => {
      const values = this.channels[axis];
      let low = Infinity;
      let high = -Infinity;
      for (const value of values) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      const shift = this.origin[axis] + this.rest[0][axis];
      return [low * this.step + shift, high * this.step + shift];
    });
    return [spans.map(([low, high]) => (low + high) / 2), spans.map(([low, high]) => high - low)];
  }
}

function smoothed(channels, step, origin, frames, pelvis, half = 22) {
  return [0, 2].map((axis) => {
    const result = new Float32Array(frames);
    let sum = 0;
    let first = 0;
    let last = -1;
    for (let frame = 0; frame < frames; frame++) {
      while (last < Math.min(frame + half, frames - 1)) sum += channels[axis][++last];
      while (first < frame - half) sum -= channels[axis][first++];
      result[frame] = (sum / (last - first + 1)) * step + origin[axis] + pelvis[axis];
    }
    return result;
  });
}
