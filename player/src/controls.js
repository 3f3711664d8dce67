// Buttons, menus and keys.
import { clockText, dot, element } from "./dom.js";

const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];

const KEYS = [
  ["Space", "play or pause"], ["← →", "one frame back or on"], ["Shift ← →", "one second back or on"],
  ["Home, End", "to the beginning or the end"], ["[ ]", "slower, faster"], ["L", "repeat the sequence that is on; again: no more"],
  ["M", "body or stick figure"], ["F", "view from the front"], ["C", "camera follows the dancer or rests"],
  ["V", "source video: beside the dance, as the overlay file, hidden"], ["O", "body over the video: filled or outline"],
  ["1 2 3", "show or hide a dancer"], ["?", "this list"],
];

function button(label, text, onclick, extra = {}) {
  return element("button", { type: "button", title: label, "aria-label": label, onclick, ...extra }, text);
}

function toggle(label, text, on, change) {
  const node = button(label, text, () => {
    const pressed = node.getAttribute("aria-pressed") !== "true";
    node.setAttribute("aria-pressed", String(pressed));
    change(pressed);
  }, { "aria-pressed": String(on), class: "toggle" });
  return node;
}

function menu(label, options, value, change) {
  const entries = options.map(([key, text]) => element("option", { value: key }, text));
  const node = element("select", { "aria-label": label, title: label, onchange: () => change(node.value) }, ...entries);
  node.value = value;
  return node;
}

export class Controls {
  constructor(player) {
    this.player = player;
    const { page } = player;
    this.play = button("Play or pause (Space)", "▶", () => player.toggle(), { class: "play" });
    this.time = element("span", { class: "time" }, "0:00.0");
    this.length = element("span", { class: "quiet length", title: "Length of the song" });
    this.frame = element("span", { class: "time quiet", title: "Frame of the motion, 30 per second" }, "frame 0");
    this.speed = menu("Speed", SPEEDS.map((speed) => [String(speed), `${speed}×`]), "1", (value) => player.setSpeed(Number(value)));
    const loops = page.timeline.sequences.map(([start], k) => [String(k), `sequence ${k} at ${clockText(start)}`]);
    this.loop = menu("What is repeated", [["", "no repeat"], ["song", "repeat the song"], ...loops], "", (value) => player.setLoop(value));
    this.skeleton = toggle("Stick figure instead of the body (M)", "Stick figure", false, (on) => player.setSkeletal(on));
    this.follow = toggle("The camera follows the dancer (C)", "Follow", true, (on) => player.setFollow(on));
    this.file = element("input", {
      type: "file", accept: ".vrm,.glb", class: "hidden", id: "character", "aria-label": "Your own character, a .vrm or .glb file",
      onchange: () => this.file.files.length && player.useCharacter(this.file.files[0]).finally(() => (this.file.value = "")),
    });
    this.drop = button("", "", () => (player.character ? player.removeCharacter() : this.file.click()));
    this.setCharacter(false);
    this.video = page.video && menu("Source video", [["", "no video"], ["video", "source video"], ["overlay", "overlay file"]], "", (value) => player.setVideo(value));
    this.opacity = page.video && element("input", {
      type: "range", min: "0", max: "1", step: "0.05", value: "0.65", "aria-label": "Opacity of the body over the video",
      oninput: () => player.setOpacity(Number(this.opacity.value)),
    });
    this.outline = page.video && toggle("Outline instead of the filled body (O)", "Outline", false, (on) => player.setOutline(on));
    this.overFilm = element("span", { class: "group", hidden: true }, element("span", { class: "quiet" }, "Body"), ...[this.opacity, this.outline].filter(Boolean));
    this.dancers = element("span", { class: "group dancers" });
    this.note = element("p", { class: "note", role: "status", "aria-live": "polite" });
    this.help = helpDialog();
    this.node = element("div", { class: "controls panel", role: "toolbar", "aria-label": "Playback and view" },
      element("span", { class: "group" }, button("One frame back (←)", "‹", () => player.step(-1)), this.play,
        button("One frame on (→)", "›", () => player.step(1)), this.time, this.length, this.frame),
      element("span", { class: "group" }, this.speed, this.loop),
      element("span", { class: "group" }, this.skeleton, this.follow, button("View from the front (F)", "Front", () => player.front())),
      ...(page.video ? [element("span", { class: "group" }, this.video), this.overFilm] : []),
      this.dancers,
      element("span", { class: "group" }, this.drop, this.file, button("Keys (?)", "?", () => this.toggleHelp())));
    addEventListener("keydown", (event) => this.key(event));
  }

  setDancers(dancers) {
    this.boxes = dancers.map((dancer, index) => {
      const box = toggle(`Show ${dancer.motion.name} (${index + 1})`, dancer.motion.name, dancer.shown, (on) => this.player.show(index, on));
      box.prepend(dot(dancer.color));
      return box;
    });
    this.dancers.replaceChildren(...(dancers.length > 1 ? this.boxes : []));
  }

  setLength(seconds) {
    this.length.textContent = `/ ${clockText(seconds)}`;
  }

  /** What the button of the user's own character does: bring one, or take it away. */
  setCharacter(there) {
    this.drop.textContent = there ? "Remove character" : "Your character…";
    const label = there ? "Remove character" : "Your character: dance with a .vrm or Mixamo-rigged .glb; nothing is uploaded";
    this.drop.title = label;
    this.drop.setAttribute("aria-label", label);
  }

  toggleHelp() {
    if (this.help.open) this.help.close();
    else this.help.showModal();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inField = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (inField && event.key !== "?" && event.key !== "Escape") return;
    if (this.help.open && event.key !== "?") return;
    const { player } = this;
    const actions = {
      " ": () => player.toggle(),
      ArrowLeft: () => (event.shiftKey ? player.jump(-1) : player.step(-1)),
      ArrowRight: () => (event.shiftKey ? player.jump(1) : player.step(1)),
      Home: () => player.seek(0),
      End: () => player.seek(player.duration),
      "[": () => this.changeSpeed(-1),
      "]": () => this.changeSpeed(1),
      l: () => player.toggleLoop(),
      m: () => this.skeleton.click(),
      c: () => this.follow.click(),
      f: () => player.front(),
      v: () => this.nextVideo(),
      o: () => this.outline?.click(),
      "?": () => this.toggleHelp(),
    };
    if (/^[1-3]$/.test(event.key)) actions[event.key] = () => this.boxes?.[event.key - 1]?.isConnected && this.boxes[event.key - 1].click();
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  changeSpeed(by) {
    const index = Math.min(Math.max(SPEEDS.indexOf(Number(this.speed.value)) + by, 0), SPEEDS.length - 1);
    this.speed.value = String(SPEEDS[index]);
    this.player.setSpeed(SPEEDS[index]);
  }

  nextVideo() {
    if (!this.video) return;
    this.video.selectedIndex = (this.video.selectedIndex + 1) % this.video.options.length;
    this.player.setVideo(this.video.value);
  }

  update({ time, frame, playing }) {
    const symbol = playing ? "‖" : "▶";
    if (this.play.textContent !== symbol) this.play.textContent = symbol;
    this.time.textContent = clockText(time);
    this.frame.textContent = `frame ${frame}`;
  }

  say(text) {
    this.note.textContent = text;
  }
}

function helpDialog() {
  const rows = KEYS.map(([key, what]) => element("tr", {}, element("td", {}, element("kbd", {}, key)), element("td", {}, what)));
  const dialog = element("dialog", { class: "help", "aria-label": "Keys" }, element("h2", {}, "Keys"),
    element("table", {}, element("tbody", {}, ...rows)),
    element("p", {}, "Drag to turn the view, wheel or two fingers to come nearer, right button to move it."),
    element("p", {}, "Drop a .vrm or a Mixamo-rigged .glb on the page and it dances. It stays on your computer."),
    button("Close", "Close", () => dialog.close()));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}
