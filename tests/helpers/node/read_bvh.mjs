// Prints what three.js reads from a BVH file: joint names and world positions at every frame, as JSON.
import { readFileSync } from "node:fs";
import { AnimationMixer, LoopOnce, Vector3 } from "three";
import { BVHLoader } from "three/examples/jsm/loaders/BVHLoader.js";

const { skeleton, clip } = new BVHLoader().parse(readFileSync(process.argv[2], "utf8"));
const joints = skeleton.bones.filter((bone) => bone.name !== "ENDSITE");
const tips = skeleton.bones.filter((bone) => bone.name === "ENDSITE");
const times = clip.tracks[0].times;
const mixer = new AnimationMixer(skeleton.bones[0]);
const action = mixer.clipAction(clip);
action.setLoop(LoopOnce);
action.clampWhenFinished = true;
action.play();

function world(bones) {
  return bones.map((bone) => bone.getWorldPosition(new Vector3()).toArray());
}

const frames = [];
for (const time of times) {
  mixer.setTime(time);
  skeleton.bones[0].updateMatrixWorld(true);
  frames.push(world(joints));
}
console.log(JSON.stringify({ names: joints.map((bone) => bone.name), times: Array.from(times), frames, tips: world(tips) }));
