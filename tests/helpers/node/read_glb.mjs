// Prints what the Khronos validator finds in a GLB and what three.js reads: joints and some skinned vertices per frame.
import { readFileSync } from "node:fs";
import validator from "gltf-validator";
import { AnimationMixer, LoopOnce, Vector3 } from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";

globalThis.self ??= globalThis;
const bytes = new Uint8Array(readFileSync(process.argv[2]));
const wanted = process.argv[3].split(",").map(Number);
const { issues } = await validator.validateBytes(bytes);
const gltf = await new GLTFLoader().parseAsync(bytes.buffer, "");
const clip = gltf.animations[0];
const mesh = gltf.scene.getObjectByProperty("isSkinnedMesh", true);
const times = clip.tracks[0].times;
const mixer = new AnimationMixer(gltf.scene);
const action = mixer.clipAction(clip);
action.setLoop(LoopOnce);
action.clampWhenFinished = true;
action.play();

const frames = [];
const vertices = [];
for (const time of times) {
  mixer.setTime(time);
  gltf.scene.updateMatrixWorld(true);
  frames.push(mesh.skeleton.bones.map((bone) => bone.getWorldPosition(new Vector3()).toArray()));
  vertices.push(wanted.map((index) => mesh.getVertexPosition(index, new Vector3()).toArray()));
}
console.log(
  JSON.stringify({ issues, names: mesh.skeleton.bones.map((bone) => bone.name), times: Array.from(times), frames, vertices }),
);
