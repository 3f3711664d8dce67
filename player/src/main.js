// The page's beginning: what the scripts beside it have left in window.justlmd becomes a player.
import { element } from "./dom.js";
import { MOST_DANCERS, Player } from "./player.js";
import style from "./style.css";

/** Load a classic script beside the page; true if it is there. A page opened from disk cannot fetch. */
function loadScript(source) {
  return new Promise((resolve) => {
    const script = element("script", { src: source, onload: () => resolve(true), onerror: () => resolve(false) });
    document.head.append(script);
  });
}

/** The generated dances to a song, of those that dances.js lists; each script adds one to justlmd.dances. */
async function generatedDances(page, shared) {
  if (!page.dances) return [];
  await loadScript(page.dances);
  const listed = (shared.dance_list?.[page.id] ?? []).slice(0, MOST_DANCERS - page.dancers.length);
  const found = [];
  for (const source of listed) {
    shared.dance = null;
    if ((await loadScript(source)) && shared.dance) found.push(shared.dance);
  }
  return found;
}

/** The character that belongs to the page, as a file; it lies inside the page or in a script beside it. */
async function ownCharacter(page, shared) {
  if (page.character) await loadScript(page.character);
  if (!shared.character) return null;
  const { name, data } = shared.character;
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new File([bytes], name);
}

async function main() {
  const shared = window.justlmd ?? {};
  document.head.append(element("style", {}, style));
  if (!shared.page || !shared.body) throw new Error("The data beside this page is missing: make it again.");
  const contents = [...shared.page.dancers, ...(await generatedDances(shared.page, shared))];
  const player = new Player(shared.page);
  await player.start(contents, shared.body);
  const character = await ownCharacter(shared.page, shared);
  if (character) await player.useCharacter(character);
  window.player = {
    state: () => ({
      frame: player.frame, songTime: player.songTime, currentTime: player.clock.time, playing: player.clock.playing,
      duration: player.duration, dancers: player.dancers.map((dancer) => dancer.motion.name), loop: player.loop,
      rate: player.clock.rate, video: player.film?.currentTime ?? null,
    }),
    seek: (seconds) => player.seek(seconds),
    jointPositions: (index = 0) => player.dancers[index].jointPositions(),
    characterPositions: () => player.character?.jointPositions() ?? null,
    litWord: () => player.lyrics.lit,
    useCharacter: (file) => player.useCharacter(file),
  };
  window.ready = true;
}

main().catch((error) => {
  window.failed = String(error?.message ?? error);
  document.body.append(element("p", { class: "failed", role: "alert" }, window.failed));
});
