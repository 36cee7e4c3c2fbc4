// What the buttons, the pointer and the keys do.
"use strict";

const READABLE = 0.65;

function move() {
  svg.querySelector("#all").setAttribute("transform", `translate(${state.x},${state.y}) scale(${state.zoom})`);
}

// The whole picture; or, large enough to read, as much of it as there is room for.
function fit(least = 0) {
  const box = svg.getBoundingClientRect();
  state.zoom = Math.max(least, Math.min(1.6, (box.width - 40) / drawn.w, (box.height - 40) / drawn.h));
  state.x = Math.max(least && 20, (box.width - drawn.w * state.zoom) / 2);
  state.y = (box.height - drawn.h * state.zoom) / 2;
  move();
  const [first] = [...drawn.places].filter(([id]) => nodes.has(id) || clusters.has(id)).sort(([, p], [, q]) => p.x - q.x);
  if (first && least) reveal(first[0], 0);
}

// Move so far that a node is to be seen.
function reveal(id, margin = 40) {
  const place = drawn.places.get(id), box = svg.getBoundingClientRect();
  if (!place) return;
  const x = place.x * state.zoom + state.x, y = place.y * state.zoom + state.y;
  if (x < margin || x > box.width - margin) state.x += box.width / 2 - x;
  if (y < margin || y > box.height - margin) state.y += box.height / 2 - y;
  move();
}

function zoom(factor, x, y) {
  const box = svg.getBoundingClientRect(), before = state.zoom;
  const px = x === undefined ? box.width / 2 : x - box.left, py = y === undefined ? box.height / 2 : y - box.top;
  state.zoom = Math.min(8, Math.max(0.02, before * factor));
  state.x = px - (px - state.x) * state.zoom / before;
  state.y = py - (py - state.y) * state.zoom / before;
  move();
}

// Open or close a cluster; it stays where it is on the screen, or fills it where all is too small.
function toggle(id) {
  tip.hidden = true;
  const before = drawn.places.get(id);
  if (!state.open.delete(id)) state.open.add(id);
  draw();
  const after = drawn.places.get(id);
  if (!before || !after) return;
  if (after.frame && state.zoom < READABLE) {
    const box = svg.getBoundingClientRect();
    state.zoom = Math.max(READABLE, Math.min(1.2, (box.width - 80) / after.w, (box.height - 80) / after.h));
    state.x = Math.max(40, (box.width - after.w * state.zoom) / 2) - (after.x - after.w / 2) * state.zoom;
    state.y = box.height / 2 - after.y * state.zoom;
    move();
    return;
  }
  state.x += (before.x - before.w / 2 - after.x + after.w / 2) * state.zoom;
  state.y += (before.y - after.y) * state.zoom;
  move();
}

// Open level by level as long as there is something left to read, or close all but sections.
function openAll(open) {
  if (!open) state.open = new Set(data.clusters.filter(c => c.kind === "section").map(c => c.id));
  else {
    for (let level = 1; data.clusters.some(c => c.level === level); level++) {
      const before = new Set(state.open);
      data.clusters.filter(c => c.level === level).forEach(c => state.open.add(c.id));
      if (visible().shown.size > 600) { state.open = before; break; }
    }
  }
  draw();
  fit(READABLE);
}

// The ways from a node, or from one of its wires, to the target; nothing if they are lit already.
function follow(id, wire) {
  const leaving = new Map();
  for (const w of data.wires) leaving.set(w.tail, [...(leaving.get(w.tail) || []), w]);
  const lit = new Set([id]), waiting = (leaving.get(id) || []).filter(w => !wire || w.id === wire);
  while (waiting.length) {
    const w = waiting.pop();
    lit.add(w.id);
    if (lit.has(w.head)) continue;
    lit.add(w.head);
    waiting.push(...(leaving.get(w.head) || []));
  }
  const same = lit.size === state.path.size && [...lit].every(x => state.path.has(x));
  state.path = same ? new Set() : lit;
  draw();
}

// On or back to the next turn that changes anything in what is open; -1 shows all, 0 the values.
function step(by) {
  const picture = () => visible().wires.map(w => +w.hidden).join("") + (state.step > 0 ? shownTurn() : state.step);
  const before = picture();
  do state.step = Math.max(-1, Math.min(data.turns.length, state.step + by));
  while (picture() === before && state.step > -1 && state.step < data.turns.length);
  draw();
  if (state.step > 0) reveal(shownTurn() || data.nodes[data.nodes.length - 1].id);
}

function shownTurn() {
  const node = nodes.get(data.turns[state.step - 1].node);
  return node ? shownAs(node) : "";
}

let playing = 0;

function play() {
  clearInterval(playing);
  const button = document.getElementById("play");
  if (button.classList.toggle("on")) {
    state.step = -1;
    step(1);
    playing = setInterval(() => {
      if (state.step >= data.turns.length) play();
      else step(1);
    }, 1200);
  }
}

const actions = {
  play,
  fit: () => fit(),
  in: () => zoom(1.3), out: () => zoom(1 / 1.3),
  open: () => openAll(true), close: () => openAll(false),
  next: () => step(1), back: () => step(-1),
  theme: () => { state.theme = state.theme === "dark" ? "light" : "dark"; draw(); },
};
for (const button of document.querySelectorAll("button"))
  button.addEventListener("click", () => actions[button.id]());
const flow = document.getElementById("flow");
flow.value = state.flow;
flow.addEventListener("change", () => { state.flow = flow.value; draw(); fit(READABLE); });

svg.addEventListener("wheel", event => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 500), event.clientX, event.clientY);
}, {passive: false});
let held = null, pulled = 0;
svg.addEventListener("pointerdown", event => {
  held = [event.clientX - state.x, event.clientY - state.y];
  pulled = 0;
});
svg.addEventListener("click", event => { if (pulled > 5) event.stopPropagation(); }, {capture: true});
addEventListener("pointermove", event => {
  if (held) {
    pulled += Math.abs(event.movementX) + Math.abs(event.movementY);
    [state.x, state.y] = [event.clientX - held[0], event.clientY - held[1]];
    move();
  }
  const right = event.clientX > innerWidth - 340;
  tip.style.left = right ? "" : `${event.clientX + 14}px`;
  tip.style.right = right ? `${innerWidth - event.clientX + 14}px` : "";
  tip.style.top = event.clientY > innerHeight - 160 ? "" : `${event.clientY + 14}px`;
  tip.style.bottom = event.clientY > innerHeight - 160 ? `${innerHeight - event.clientY + 14}px` : "";
});
addEventListener("pointerup", () => { held = null; });
addEventListener("keydown", event => {
  if (event.target === flow) return;
  const key = {ArrowRight: "next", ArrowLeft: "back", "+": "in", "-": "out", "0": "fit"}[event.key];
  if (key) actions[key]();
});
addEventListener("resize", () => fit(READABLE));
draw();
fit(READABLE);
