// One dancer in the scene: a skinned mesh, a stick figure and a soft shadow, posed by the frame.
import {
  Bone, CanvasTexture, Color, CylinderGeometry, Group, InstancedMesh, Matrix4, Mesh, MeshBasicMaterial, MeshStandardMaterial,
  PlaneGeometry, Quaternion, Skeleton, SkinnedMesh, SphereGeometry, Vector3,
} from "three";
import { bodyGeometry } from "./body.js";
import { JOINTS } from "./motion.js";

export const COLORS = ["#3f7fd6", "#d9822b", "#2f9e6e", "#a05ac0"];
const UP = new Vector3(0, 1, 0);

export class Dancer {
  constructor(motion, body, index) {
    this.motion = motion;
    this.body = body;
    this.frame = -1;
    this.shown = true;
    this.skeletal = false;
    this.character = null;
    this.group = new Group();
    this.bones = makeBones(motion.rest, body.parents, body.joints);
    this.material = new MeshStandardMaterial({ vertexColors: true, roughness: 0.85, metalness: 0 });
    this.mesh = new SkinnedMesh(bodyGeometry(body, motion.betas), this.material);
    this.mesh.frustumCulled = false;
    this.group.add(this.bones[0], this.mesh);
    const inverses = motion.rest.map((place) => new Matrix4().makeTranslation(-place[0], -place[1], -place[2]));
    this.mesh.bind(new Skeleton(this.bones, inverses), new Matrix4());
    this.color = COLORS[index % COLORS.length];
    this.sticks = makeSticks(this.color, body.joints);
    this.shadow = makeShadow();
    this.group.add(this.sticks.group, this.shadow);
    this.height = Math.max(...motion.rest.map((place) => place[1])) - motion.rest[0][1] + motion.pelvis_height + 0.2;
    this.pose(0);
  }

  /** Put the bones into a frame of the motion. Bone positions then are the joints in the dance's own coordinates. */
  pose(frame) {
    if (frame === this.frame) return;
    this.frame = frame;
    const { motion, bones } = this;
    const way = motion.translation(frame);
    bones[0].position.fromArray(motion.rest[0]).add(new Vector3(...way));
    for (let joint = 0; joint < JOINTS; joint++) bones[joint].quaternion.fromArray(motion.quaternion(joint, frame));
    this.group.updateMatrixWorld(true);
    this.shadow.position.set(bones[0].position.x, 0.004, bones[0].position.z);
    if (this.skeletal) this.poseSticks();
    this.character?.pose(this);
    this.present();
  }

  /** Show what belongs to the frame: nothing where no body was recovered. */
  present() {
    const there = this.shown && !this.motion.isMissing(this.frame);
    this.group.visible = there;
    this.mesh.visible = !this.skeletal && !this.character;
    this.sticks.group.visible = this.skeletal;
    if (this.character) this.character.scene.visible = !this.skeletal;
  }

  setSkeletal(on) {
    this.skeletal = on;
    if (on) this.poseSticks();
    this.present();
  }

  setCharacter(character) {
    if (this.character) {
      this.group.remove(this.character.scene);
      this.character.dispose();
    }
    this.character = character;
    if (character) {
      this.group.add(character.scene);
      this.group.updateMatrixWorld(true);
      character.pose(this);
    }
    this.present();
  }

  /** Joint positions (24 x 3) in metres, without the shift by which dancers stand side by side. */
  jointPositions() {
    this.group.updateMatrixWorld(true);
    return this.bones.map((bone) => this.group.worldToLocal(bone.getWorldPosition(new Vector3())).toArray());
  }

  poseSticks() {
    const places = this.jointPositions().map((place) => new Vector3(...place));
    const matrix = new Matrix4();
    const turn = new Quaternion();
    places.forEach((place, joint) => {
      this.sticks.balls.setMatrixAt(joint, matrix.makeTranslation(place));
      if (!joint) return;
      const parent = places[this.body.parents[joint]];
      const limb = place.clone().sub(parent);
      const length = limb.length();
      turn.setFromUnitVectors(UP, limb.divideScalar(length || 1));
      const middle = parent.clone().add(place).multiplyScalar(0.5);
      this.sticks.limbs.setMatrixAt(joint - 1, matrix.compose(middle, turn, new Vector3(1, length, 1)));
    });
    this.sticks.balls.instanceMatrix.needsUpdate = true;
    this.sticks.limbs.instanceMatrix.needsUpdate = true;
  }
}

function makeBones(rest, parents, names) {
  const bones = rest.map((place, joint) => {
    const bone = new Bone();
    bone.name = names[joint];
    const from = joint ? rest[parents[joint]] : [0, 0, 0];
    bone.position.set(place[0] - from[0], place[1] - from[1], place[2] - from[2]);
    return bone;
  });
  bones.forEach((bone, joint) => joint && bones[parents[joint]].add(bone));
  return bones;
}

/** A stick figure in one colour; its right arm and leg are lighter, so that it is plain which is which. */
function makeSticks(color, names) {
  const material = new MeshStandardMaterial({ roughness: 0.6 });
  const balls = new InstancedMesh(new SphereGeometry(0.028, 12, 8), material, JOINTS);
  const limbs = new InstancedMesh(new CylinderGeometry(0.014, 0.014, 1, 8), material, JOINTS - 1);
  const own = new Color(color);
  const light = own.clone().lerp(new Color("#ffffff"), 0.3);
  names.forEach((name, joint) => {
    const shade = name.startsWith("right_") ? light : own;
    balls.setColorAt(joint, shade);
    if (joint) limbs.setColorAt(joint - 1, shade);
  });
  const group = new Group();
  balls.frustumCulled = limbs.frustumCulled = false;
  group.add(balls, limbs);
  group.visible = false;
  return { group, balls, limbs };
}

function makeShadow() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const context = canvas.getContext("2d");
  const gradient = context.createRadialGradient(32, 32, 2, 32, 32, 32);
  gradient.addColorStop(0, "rgba(0,0,0,.42)");
  gradient.addColorStop(1, "rgba(0,0,0,0)");
  context.fillStyle = gradient;
  context.fillRect(0, 0, 64, 64);
  const material = new MeshBasicMaterial({ map: new CanvasTexture(canvas), transparent: true, depthWrite: false });
  const shadow = new Mesh(new PlaneGeometry(1.1, 1.1), material);
  shadow.rotation.x = -Math.PI / 2;
  return shadow;
}
