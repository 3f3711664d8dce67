// A character of the user's own, which never leaves the page: a VRM, or a .glb whose bones have Mixamo's names.
//
// With W(j) the product of SMPL's local rotations down to joint j, a bone takes the world rotation W(j) C R0: R0 is its
// world rotation at rest, C the turn from the direction of its limb at rest to that of the dancer's.
import { Box3, Quaternion, Vector3 } from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { VRMLoaderPlugin, VRMUtils } from "@pixiv/three-vrm";
import { JOINTS } from "./motion.js";

const SIDES = ["left", "right"];
const MIDDLE = {
  pelvis: ["hips", "Hips"], spine1: ["spine", "Spine"], spine2: ["chest", "Spine1"], spine3: ["upperChest", "Spine2"],
  neck: ["neck", "Neck"], head: ["head", "Head"],
};
const LIMBS = {
  collar: ["Shoulder", "Shoulder"], shoulder: ["UpperArm", "Arm"], elbow: ["LowerArm", "ForeArm"], wrist: ["Hand", "Hand"],
  hip: ["UpperLeg", "UpLeg"], knee: ["LowerLeg", "Leg"], ankle: ["Foot", "Foot"], foot: ["Toes", "ToeBase"],
};
/** Where the limb of a joint ends: only these are turned to the dancer's rest direction; soles lie flat in both. */
const ENDS = { shoulder: "elbow", elbow: "wrist", hip: "knee", knee: "ankle" };

/** Names of the bones of each SMPL joint: {joint: [VRM's, Mixamo's]}. */
function boneNames() {
  const names = { ...MIDDLE };
  for (const side of SIDES) {
    for (const [joint, [vrm, mixamo]] of Object.entries(LIMBS)) {
      names[`${side}_${joint}`] = [`${side}${vrm}`, `${side === "left" ? "Left" : "Right"}${mixamo}`];
    }
  }
  return names;
}

export async function loadCharacter(file) {
  const loader = new GLTFLoader();
  loader.register((parser) => new VRMLoaderPlugin(parser));
  let gltf;
  try {
    gltf = await loader.parseAsync(await file.arrayBuffer(), "");
  } catch (error) {
    throw new Error(`This file cannot be read as a .vrm or .glb character (${error.message ?? error}).`);
  }
  const { vrm } = gltf.userData;
  return vrm ? new VrmCharacter(vrm) : new MixamoCharacter(gltf.scene);
}

class Character {
  constructor(scene, find) {
    this.scene = scene;
    scene.updateMatrixWorld(true);
    this.bones = {};
    for (const [joint, names] of Object.entries(boneNames())) {
      const bone = find(names);
      if (bone) this.bones[joint] = { bone, rest: bone.getWorldPosition(new Vector3()), turn: bone.getWorldQuaternion(new Quaternion()) };
    }
    const needed = ["pelvis", ...SIDES.flatMap((side) => ["shoulder", "elbow", "hip", "knee"].map((name) => `${side}_${name}`))];
    const lacking = needed.filter((joint) => !this.bones[joint]);
    if (lacking.length) {
      throw new Error("This character has neither a VRM skeleton nor bones with Mixamo's names (mixamorig:Hips ...).");
    }
    scene.traverse((node) => (node.frustumCulled = false));
  }

  /** Turns from the limbs' directions at rest to the dancer's, by joint. */
  corrections(dancer) {
    const rest = Object.fromEntries(dancer.body.joints.map((name, index) => [name, new Vector3(...dancer.motion.rest[index])]));
    const turns = {};
    for (const joint of Object.keys(this.bones)) {
      const [side, part] = joint.includes("_") ? joint.split("_") : ["", joint];
      const end = ENDS[part] && `${side}_${ENDS[part]}`;
      turns[joint] = new Quaternion();
      if (end && this.bones[end]) {
        const own = this.bones[end].rest.clone().sub(this.bones[joint].rest).normalize();
        turns[joint].setFromUnitVectors(own, rest[end].clone().sub(rest[joint]).normalize());
      } else if (part === "wrist" && turns[`${side}_elbow`]) {
        turns[joint].copy(turns[`${side}_elbow`]); // the hand goes on from the forearm
      }
    }
    return turns;
  }

  pose(dancer) {
    if (this.dancer !== dancer) {
      this.dancer = dancer;
      this.turns = this.corrections(dancer);
      this.scale = this.hipsHeight() / dancer.motion.pelvis_height;
    }
    const { motion, body, frame } = dancer;
    const world = [];
    for (let joint = 0; joint < JOINTS; joint++) {
      const local = new Quaternion(...motion.quaternion(joint, frame));
      world.push(joint ? world[body.parents[joint]].clone().multiply(local) : local);
    }
    const way = motion.translation(frame);
    // A taller character makes longer steps, about the middle of the dance, so that its feet do not slide.
    const [x, z] = motion.floorBox[0];
    const hips = new Vector3(...motion.rest[0]).add(new Vector3(...way)).sub(new Vector3(x, 0, z));
    hips.multiplyScalar(this.scale).add(new Vector3(x, 0, z));
    this.apply(hips, Object.fromEntries(body.joints.map((name, index) => [name, world[index]])));
  }

  /** Positions of the character's bones by SMPL joint, in the dancer's coordinates. */
  jointPositions() {
    this.scene.updateMatrixWorld(true);
    const group = this.scene.parent;
    return Object.fromEntries(
      Object.keys(this.bones).map((joint) => [joint, group.worldToLocal(this.seen(joint).getWorldPosition(new Vector3())).toArray()]),
    );
  }

  seen(joint) {
    return this.bones[joint].bone;
  }

  dispose() {
    VRMUtils.deepDispose(this.scene);
  }
}

class MixamoCharacter extends Character {
  constructor(scene) {
    const bones = {};
    scene.traverse((node) => {
      const match = /^mixamorig\d*[:_]?(.+)$/.exec(node.name);
      if (match) bones[match[1]] ??= node;
    });
    super(scene, ([, name]) => bones[name]);
    this.sole = new Box3().setFromObject(scene).min.y;
    if (!Number.isFinite(this.sole)) this.sole = Math.min(...Object.values(this.bones).map(({ rest }) => rest.y));
  }

  hipsHeight() {
    return Math.max(this.bones.pelvis.rest.y - this.sole, 1e-3);
  }

  apply(hips, world) {
    const { scene, bones, turns } = this;
    const group = scene.parent;
    const groupTurn = group.getWorldQuaternion(new Quaternion());
    const pelvis = bones.pelvis.bone;
    pelvis.position.copy(pelvis.parent.worldToLocal(group.localToWorld(hips.clone())));
    pelvis.parent.updateWorldMatrix(true, false);
    for (const [joint, { bone, turn }] of Object.entries(bones)) { // parents come first in the table of names
      bone.parent.updateWorldMatrix(true, false);
      const parent = bone.parent.getWorldQuaternion(new Quaternion());
      bone.quaternion.copy(parent.invert().multiply(groupTurn).multiply(world[joint]).multiply(turns[joint]).multiply(turn));
    }
    scene.updateMatrixWorld(true);
  }
}

class VrmCharacter extends Character {
  constructor(vrm) {
    VRMUtils.rotateVRM0(vrm);
    super(vrm.scene, ([name]) => vrm.humanoid.getNormalizedBoneNode(name));
    this.vrm = vrm;
    this.old = vrm.meta?.metaVersion === "0";
    if (this.old) {
      // Limb directions at rest were read after the turn by which an old VRM faces us, so they are those of a new one.
      for (const bone of Object.values(this.bones)) bone.turn.identity();
    }
  }

  hipsHeight() {
    return Math.max(this.vrm.humanoid.normalizedRestPose.hips.position[1], 1e-3);
  }

  apply(hips, world) {
    const { bones, turns, old } = this;
    const done = {};
    for (const [joint, { bone }] of Object.entries(bones)) {
      done[joint] = world[joint].clone().multiply(turns[joint]);
      const above = ancestor(joint, done);
      const local = above ? done[above].clone().invert().multiply(done[joint]) : done[joint].clone();
      bone.quaternion.copy(local);
      if (old) bone.quaternion.set(-local.x, local.y, -local.z, local.w);
    }
    const place = old ? new Vector3(-hips.x, hips.y, -hips.z) : hips;
    bones.pelvis.bone.position.copy(bones.pelvis.bone.parent.worldToLocal(this.scene.localToWorld(place.clone())));
    this.vrm.update(1 / 30);
    this.scene.updateMatrixWorld(true);
  }

  seen(joint) {
    const name = boneNames()[joint][0];
    return this.vrm.humanoid.getRawBoneNode(name);
  }
}

const ABOVE = {
  spine1: "pelvis", spine2: "spine1", spine3: "spine2", neck: "spine3", head: "neck", collar: "spine3", shoulder: "collar",
  elbow: "shoulder", wrist: "elbow", hip: "pelvis", knee: "hip", ankle: "knee", foot: "ankle",
};

/** The nearest joint above that the character has: bones that it lacks are absorbed. */
function ancestor(joint, has) {
  const [side, part] = joint.includes("_") ? joint.split("_") : ["", joint];
  const above = ABOVE[part];
  if (!above) return null;
  const name = side && !(above in MIDDLE) ? `${side}_${above}` : above;
  return has[name] ? name : ancestor(name, has);
}
