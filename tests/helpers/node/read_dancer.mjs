// Prints what the player's own decoder reads of a dancer, as JSON.
import { readFileSync } from "node:fs";
import { FPS, JOINTS, Motion } from "../../../player/src/motion.js";

const motion = await Motion.decode(JSON.parse(readFileSync(process.argv[2], "utf8")));
const frames = Array.from({ length: motion.frames }, (_, frame) => frame);
const joints = Array.from({ length: JOINTS }, (_, joint) => joint);
const first = motion.first_frame_s;
console.log(
  JSON.stringify({
    transl: frames.map((frame) => motion.translation(frame)),
    pose: frames.map((frame) => joints.map((joint) => motion.rotationVector(joint, frame))),
    // before the motion, at its beginning, at a frame whose time was cut to a microsecond, within one, after the end
    frames_at: [0, first, Math.floor((first + 1 / FPS) * 1e6) / 1e6, first + 2.5 / FPS, 1e9].map((time) => motion.frameAt(time)),
  }),
);
