// The body's mesh: what justlmd/view/body_script.py wrote, as geometry for a skinned mesh.
import { BufferAttribute, BufferGeometry, Color } from "three";
import { unpack } from "./unpack.js";

export async function decodeBody(content) {
  const [positions, faces, joints, weights, colors, shape] = await Promise.all([
    unpack(content.positions, 3, 1, false),
    unpack(content.faces, 3, 1, false),
    unpack(content.skin_joints, 4, 1),
    unpack(content.skin_weights, 4, 1),
    unpack(content.colors, 3, 1),
    content.shape ? unpack(content.shape, 30, 1) : null,
  ]);
  return { ...content, arrays: { positions, faces, joints, weights, colors, shape } };
}

/** Geometry of a body with these shape parameters; normals are computed here, which is cheaper than to ship them. */
export function bodyGeometry(body, betas) {
  const { positions, faces, joints, weights, colors, shape } = body.arrays;
  const count = body.vertices;
  const geometry = new BufferGeometry();
  const points = new Float32Array(3 * count);
  for (let axis = 0; axis < 3; axis++) {
    for (let index = 0; index < count; index++) {
      let value = body.low[axis] + positions[axis][index] * body.step[axis];
      if (shape) {
        for (let k = 0; k < betas.length; k++) value += betas[k] * shape[10 * axis + k][index] * body.shape_step;
      }
      points[3 * index + axis] = value;
    }
  }
  geometry.setAttribute("position", new BufferAttribute(points, 3));
  geometry.setIndex(new BufferAttribute(interleaved(faces, Uint16Array), 1));
  geometry.setAttribute("skinIndex", new BufferAttribute(interleaved(joints, Uint8Array), 4));
  geometry.setAttribute("skinWeight", new BufferAttribute(interleaved(weights, Uint8Array), 4, true));
  geometry.setAttribute("color", new BufferAttribute(linear(colors), 3));
  geometry.computeVertexNormals();
  return geometry;
}

function interleaved(channels, Type) {
  const result = new Type(channels.length * channels[0].length);
  channels.forEach((channel, offset) => channel.forEach((value, index) => (result[index * channels.length + offset] = value)));
  return result;
}

function linear(colors) {
  const screen = interleaved(colors, Float32Array);
  const color = new Color();
  for (let index = 0; index < screen.length; index += 3) {
    color.setRGB(screen[index] / 255, screen[index + 1] / 255, screen[index + 2] / 255, "srgb");
    screen.set([color.r, color.g, color.b], index);
  }
  return screen;
}
