// The drawn part of the page: dancers side by side in a room, and the first one over the source video.
import {
  CanvasTexture, DirectionalLight, HemisphereLight, Matrix4, Mesh, MeshBasicMaterial, PerspectiveCamera, PlaneGeometry,
  Scene, Vector3, WebGLRenderer,
} from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import { dot, element } from "./dom.js";
import { hull, lineWidth, mask } from "./outline.js";

const FIELD = 32;
const OUTLINE_PX = 2.5;

export class Stage {
  constructor(video) {
    this.video = video; // {width, height, K, camera_height, pitch_deg}, or null
    this.dancers = [];
    this.follow = true;
    this.bodyOpacity = 0.65;
    this.outline = false;
    this.needsDraw = true;
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.room = element("div", { class: "room", role: "img", "aria-label": "The dance in three dimensions" });
    this.names = element("div", { class: "names" });
    this.nobody = element("p", { class: "nobody", hidden: true }, "No body was recovered here.");
    this.room.append(this.names, this.nobody);
    this.film = element("div", { class: "film", hidden: true });
    this.filmBox = element("div", { class: "filmbox", hidden: true }, this.film);
    if (video) this.filmBox.style.setProperty("--film", String(video.width / video.height));
    this.node = element("div", { class: "stage" }, this.room, this.filmBox, this.canvas);
    this.renderer = new WebGLRenderer({ canvas: this.canvas, antialias: true, alpha: true, stencil: true });
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setScissorTest(true);
    this.renderer.autoClear = false;
    this.scene = new Scene();
    const sun = new DirectionalLight("#fff4e6", 2.2);
    sun.position.set(1.5, 4, 3);
    this.scene.add(new HemisphereLight("#ffffff", "#8890a0", 1.6), sun);
    this.floor = makeFloor();
    this.scene.add(this.floor);
    this.camera = new PerspectiveCamera(FIELD, 1, 0.05, 200);
    this.controls = new OrbitControls(this.camera, this.room);
    this.controls.addEventListener("change", () => (this.needsDraw = true));
    this.filmCamera = video ? cameraOf(video) : null;
    this.looksAt = new Vector3();
    new ResizeObserver(() => this.resize()).observe(this.node);
  }

  add(dancer) {
    this.dancers.push(dancer);
    dancer.label = element("span", { class: "name" }, dot(dancer.color), dancer.motion.name);
    this.names.append(dancer.label);
    this.scene.add(dancer.group);
    this.arrange();
  }

  get shown() {
    return this.dancers.filter((dancer) => dancer.shown);
  }

  /** Stand the shown dancers side by side, as far apart as the widest of them dances. */
  arrange() {
    const { shown } = this;
    const boxes = shown.map((dancer) => dancer.motion.floorBox);
    this.spacing = Math.min(Math.max(1.4, ...boxes.map(([, size]) => size[0] + 0.9)), 3.2);
    shown.forEach((dancer, slot) => {
      const [middle] = boxes[slot];
      const x = (slot - (shown.length - 1) / 2) * this.spacing;
      dancer.offset = new Vector3(x - middle[0], 0, -middle[1]);
    });
    for (const dancer of this.dancers) dancer.present();
    this.frontView();
  }

  frontView() {
    const { shown } = this;
    if (!shown.length) return;
    const tall = Math.max(...shown.map((dancer) => dancer.height));
    const half = Math.tan((FIELD * Math.PI) / 360);
    const wide = (shown.length - 1) * this.spacing + (shown.length > 1 ? 2.3 : 2);
    const distance = Math.max((1.28 * tall) / 2 / half, wide / 2 / half / Math.max(this.camera.aspect, 0.1)) + 0.4;
    this.looksAt = this.centre();
    this.controls.target.set(this.looksAt.x, tall / 2, this.looksAt.z);
    this.camera.position.set(this.looksAt.x, tall * 0.55, this.looksAt.z + distance);
    this.controls.update();
    this.isFront = true;
    this.needsDraw = true;
  }

  /** Where the shown dancers are on the floor, smoothed over time. */
  centre() {
    const centre = new Vector3();
    for (const dancer of this.shown) {
      const [x, z] = dancer.motion.place(dancer.frame);
      centre.add(new Vector3(x + dancer.offset.x, 0, z + dancer.offset.z).divideScalar(this.shown.length));
    }
    return centre;
  }

  pose(seconds) {
    for (const dancer of this.dancers) dancer.pose(dancer.motion.frameAt(seconds));
    this.nobody.hidden = !this.shown.some((dancer) => dancer.motion.isMissing(dancer.frame));
    if (this.follow && this.shown.length) {
      const centre = this.centre();
      const moved = centre.clone().sub(this.looksAt);
      this.camera.position.add(moved);
      this.controls.target.add(moved);
      this.looksAt = centre;
    }
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.node;
    if (!width || !height) return;
    this.renderer.setSize(width, height, false);
    const aspect = this.room.clientWidth / Math.max(this.room.clientHeight, 1);
    const changed = Math.abs(aspect - this.camera.aspect) > 0.01;
    this.camera.aspect = aspect;
    this.camera.updateProjectionMatrix();
    if (changed) this.frontView();
    this.needsDraw = true;
  }

  draw() {
    this.needsDraw = false;
    this.controls.update();
    this.view(this.renderer.domElement, () => this.renderer.clear());
    for (const dancer of this.dancers) {
      if (dancer.offset) dancer.group.position.copy(dancer.offset);
      dancer.group.updateMatrixWorld(true);
    }
    this.view(this.room, () => this.renderer.render(this.scene, this.camera));
    this.placeNames();
    if (this.filmCamera && this.drawsOverFilm) this.view(this.film, (rect) => this.drawOverFilm(rect));
  }

  view(node, draw) {
    const outer = this.canvas.getBoundingClientRect();
    const rect = node.getBoundingClientRect();
    const area = [rect.left - outer.left, outer.bottom - rect.bottom, rect.width, rect.height];
    this.renderer.setViewport(...area);
    this.renderer.setScissor(...area);
    draw(rect);
  }

  /** The first dancer alone where the camera of the video saw them, half transparent or as an outline. */
  drawOverFilm(rect) {
    const [first, ...others] = this.dancers;
    if (!first?.recovered || first.motion.isMissing(first.frame) || this.outOfMotion) return;
    const hidden = [this.floor, first.shadow, first.sticks.group, first.character?.scene, ...others.map(({ group }) => group)];
    const before = hidden.map((node) => node?.visible);
    hidden.forEach((node) => node && (node.visible = false));
    const shown = [first.group.visible, first.mesh.visible];
    first.group.visible = first.mesh.visible = true;
    first.group.position.set(0, 0, 0);
    first.group.updateMatrixWorld(true);
    if (this.outline) {
      lineWidth.value.set((2 * OUTLINE_PX) / rect.width, (2 * OUTLINE_PX) / rect.height);
      hull.opacity = this.bodyOpacity;
      for (const material of [mask, hull]) {
        first.mesh.material = material;
        this.renderer.render(this.scene, this.filmCamera);
      }
      first.mesh.material = first.material;
    } else if (this.bodyOpacity > 0) {
      Object.assign(first.material, { transparent: true, opacity: this.bodyOpacity });
      this.renderer.render(this.scene, this.filmCamera);
      Object.assign(first.material, { transparent: false, opacity: 1 });
    }
    first.group.position.copy(first.offset ?? new Vector3());
    first.group.updateMatrixWorld(true);
    [first.group.visible, first.mesh.visible] = shown;
    hidden.forEach((node, index) => node && (node.visible = before[index]));
  }

  placeNames() {
    const { clientWidth: width, clientHeight: height } = this.room;
    for (const dancer of this.dancers) {
      dancer.label.hidden = !dancer.shown || this.dancers.length < 2;
      if (dancer.label.hidden) continue;
      // On the floor below the dancer, where no arm is.
      const place = dancer.bones[0].getWorldPosition(new Vector3()).setY(0).project(this.camera);
      const x = Math.round((place.x * 0.5 + 0.5) * width);
      const y = Math.round((0.5 - place.y * 0.5) * height) + 18;
      dancer.label.style.transform = `translate(-50%, 0) translate(${x}px, ${Math.min(y, height - 28)}px)`;
      dancer.label.style.visibility = Math.abs(place.z) > 1 ? "hidden" : "";
    }
  }
}

/** The video's camera: its intrinsics K in pixels, so high above the floor, looking along -z and down by its pitch. */
function cameraOf({ width, height, K, camera_height, pitch_deg }) {
  const near = 0.05;
  const far = 200;
  const camera = new PerspectiveCamera(FIELD, width / height, near, far);
  camera.position.set(0, camera_height, 0);
  camera.rotation.x = (-pitch_deg * Math.PI) / 180;
  camera.projectionMatrix = new Matrix4().set(
    (2 * K[0][0]) / width, 0, 1 - (2 * K[0][2]) / width, 0,
    0, (2 * K[1][1]) / height, (2 * K[1][2]) / height - 1, 0,
    0, 0, -(far + near) / (far - near), (-2 * far * near) / (far - near),
    0, 0, -1, 0,
  );
  camera.projectionMatrixInverse.copy(camera.projectionMatrix).invert();
  return camera;
}

/** A floor with a line every half metre, which fades out. */
function makeFloor(metres = 16, pixels = 1024) {
  const canvas = element("canvas", { width: pixels, height: pixels });
  const context = canvas.getContext("2d");
  context.strokeStyle = "#7f8894";
  const lines = metres * 2;
  for (let line = 0; line <= lines; line++) {
    const at = (line / lines) * pixels;
    context.globalAlpha = line % 2 ? 0.25 : 0.5;
    context.beginPath();
    context.moveTo(at, 0);
    context.lineTo(at, pixels);
    context.moveTo(0, at);
    context.lineTo(pixels, at);
    context.stroke();
  }
  const fade = context.createRadialGradient(pixels / 2, pixels / 2, pixels / 8, pixels / 2, pixels / 2, pixels / 2);
  fade.addColorStop(0, "rgba(0,0,0,1)");
  fade.addColorStop(1, "rgba(0,0,0,0)");
  context.globalAlpha = 1;
  context.globalCompositeOperation = "destination-in";
  context.fillStyle = fade;
  context.fillRect(0, 0, pixels, pixels);
  const texture = new CanvasTexture(canvas);
  texture.anisotropy = 8;
  const material = new MeshBasicMaterial({ map: texture, transparent: true, depthWrite: false });
  const floor = new Mesh(new PlaneGeometry(metres, metres), material);
  floor.rotation.x = -Math.PI / 2;
  return floor;
}
