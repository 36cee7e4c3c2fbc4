// The page: what is open, what is drawn, and what happens when somebody points at it.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const nodes = new Map(data.nodes.map(node => [node.id, node]));
const clusters = new Map(data.clusters.map(cluster => [cluster.id, cluster]));
const state = {
  open: new Set(data.open), flow: data.flow, theme: data.theme, step: -1,
  path: new Set(data.path), x: 0, y: 0, zoom: 1,
};
const svg = document.getElementById("picture"), tip = document.getElementById("tip");
const NS = "http://www.w3.org/2000/svg";
const pen = document.createElement("canvas").getContext("2d");

function width(text, font) {
  pen.font = font;
  return pen.measureText(text).width;
}

function element(name, attributes, parent, text) {
  const made = document.createElementNS(NS, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
}

// -- what is to be seen ---------------------------------------------------------------------------

// The outermost closed cluster around a cluster, or "".
function closedAround(id) {
  let found = "";
  for (; id; id = clusters.get(id).parent) if (!state.open.has(id)) found = id;
  return found;
}

function shownAs(node) {
  return closedAround(node.cluster) || node.id;
}

function around(id) {
  return clusters.has(id) ? clusters.get(id).parent : nodes.get(id).cluster;
}

function chain(id) {
  const found = [];
  for (let c = around(id); c; c = clusters.get(c).parent) found.push(c);
  return found.reverse();
}

function pendingWires() {
  const pending = new Set();
  if (state.step < 0) return pending;
  data.turns.forEach((turn, k) => { if (k >= state.step) turn.wires.forEach(w => pending.add(w)); });
  return pending;
}

function visible() {
  const shown = new Map(), wires = new Map(), pending = pendingWires();
  for (const node of data.nodes) {
    const id = shownAs(node);
    if (!shown.has(id)) shown.set(id, clusters.get(id) || node);
  }
  for (const wire of data.wires) {
    const tail = shownAs(nodes.get(wire.tail)), head = shownAs(nodes.get(wire.head));
    if (tail === head) continue;
    const folded = head !== wire.head, key = folded ? `${tail} ${head} ${wire.source}` : wire.id;
    const told = folded && data.sums[`${wire.source} ${head}`] || wire;
    if (!wires.has(key))
      wires.set(key, {wire, tail, head, below: told.below, mark: told.mark, tip: told.tip, hidden: false, lit: false});
    const seen = wires.get(key);
    seen.hidden = seen.hidden || pending.has(wire.id);
    seen.lit = seen.lit || state.path.has(wire.id);
  }
  return {shown, wires: [...wires.values()]};
}

// -- sizes and places -----------------------------------------------------------------------------

function sizeOf(node) {
  if (clusters.has(node.id)) {
    const small = closedLines(node);
    const text = Math.max(width(node.label, "14px sans-serif"), ...small.map(l => width(l, "11px sans-serif")));
    return {w: text + 32, h: 32 + 14 * small.length};
  }
  if (node.kind === "fork") return {w: 6, h: 6};
  if (node.kind === "gate" && node.label.length <= 5 && !lines(node).length) return {w: 36, h: 36};
  const text = Math.max(width(node.label, fontOf(node)), ...lines(node).map(l => width(l, "11px sans-serif")));
  const extra = {parameter: 34, data: 34, result: 22, gate: 20, group: 32}[node.style] || 8;
  return {w: text + extra, h: 30 + 14 * lines(node).length};
}

const lines = node => (data.costs && node.cost && node.kind === "gate" ? [node.cost] : node.lines);
const closedLines = cluster => (data.costs && cluster.cost ? [cluster.role, cluster.cost] : [cluster.role]);
const fontOf = node => (["leaf", "output", "constant"].includes(node.style) ? "italic 16px serif" : "14px sans-serif");

function textsOf(seen) {
  const above = state.flow === "backward" ? seen.wire.above.filter(l => l[0] !== "value") : seen.wire.above;
  const below = state.flow === "forward" ? seen.below.filter(l => l[0] !== "gradient") : seen.below;
  const wide = Math.max(30, ...[...above, ...below].map(l => width(l[1], "12px sans-serif")));
  return {above, below, w: wide + 8, h: 2 * 15 * Math.max(above.length, below.length, 1) + 2};
}

// Wires that cross a frame have a port on its left or right, so that they find their way inside.
function arrange({shown, wires}) {
  const places = new Map(), inside = new Map([["", []]]), links = new Map([["", []]]);
  for (const id of state.open) if (!closedAround(id)) { inside.set(id, []); links.set(id, []); }
  for (const [id, node] of shown) inside.get(around(id)).push({id, ...sizeOf(node), soft: node.kind === "fork"});
  for (const seen of wires) {
    const a = [...chain(seen.tail), seen.tail], b = [...chain(seen.head), seen.head];
    let k = 0;
    while (k < a.length - 1 && k < b.length - 1 && a[k] === b[k]) k++;
    seen.texts = textsOf(seen);
    const outer = k ? a[k - 1] : "";
    inside.get(outer).push({id: seen.wire.id, w: seen.texts.w, h: seen.texts.h, wire: true, soft: true});
    const ports = (path, side) => {  // from the innermost frame out; the end to join at last
      const parts = [];
      let end = path[path.length - 1];
      for (let j = path.length - 2; j >= k; j--) {
        const port = `${seen.wire.id} ${side} ${path[j]}`;
        inside.get(path[j]).push({id: port, w: 0, h: 0, wire: true, side});
        const [from, to] = side === "right" ? [path[j + 1], port] : [port, path[j + 1]];
        const link = side === "right" ? {from, to, fromEnd: end, port} : {from, to, toEnd: end, port};
        links.get(path[j]).push(link);
        parts.push(link);
        end = port;
      }
      return {parts, end};
    };
    const tail = ports(a, "right"), head = ports(b, "left");
    const into = {from: a[k], to: seen.wire.id, fromEnd: tail.end}, on = {from: seen.wire.id, to: b[k], toEnd: head.end};
    links.get(outer).push(into, on);
    seen.start = [...tail.parts, into];
    seen.finish = [on, ...head.parts.reverse()];
  }
  const leaves = data.numbers && !data.clusters.length && data.nodes.filter(n => n.kind === "leaf");
  const first = new Set(leaves && leaves.length <= 12 ? leaves.map(n => n.id) : []);
  const frames = [...inside.keys()].filter(id => id).sort((p, q) => clusters.get(q).depth - clusters.get(p).depth);
  const middles = new Map();  // how far from a frame's own middle its ports are
  const solve = id => {
    for (const link of links.get(id)) {
      link.fromDy = middles.get(link.fromEnd) || 0;
      link.toDy = middles.get(link.toEnd) || 0;
    }
    return layout(inside.get(id), links.get(id), first);
  };
  for (const id of frames) {
    const found = solve(id);
    const w = Math.max(found.w, width(clusters.get(id).label, "13px sans-serif")) + 2 * PAD, h = found.h + 2 * PAD + HEAD;
    for (const item of found.items) if (item.side) middles.set(item.id, item.y + PAD + HEAD - h / 2);
    inside.get(clusters.get(id).parent).push({id, w, h, inside: found});
  }
  const whole = solve("");
  const put = (found, x, y) => {
    for (const item of found.items) {
      const place = {x: x + item.x, y: y + item.y, w: item.w, h: item.h, frame: !!item.inside};
      places.set(item.id, place);
      if (item.inside) put(item.inside, place.x - item.w / 2 + PAD, place.y - item.h / 2 + PAD + HEAD);
    }
    for (const link of found.links) link.points = (link.bends || []).map(p => [x + p.x, y + p.y]);
  };
  put(whole, 0, 0);
  for (const seen of wires) {
    const at = port => [places.get(port).x, places.get(port).y];
    seen.start = seen.start.flatMap(link => [...link.points, ...(link.port ? [at(link.port)] : [])]);
    seen.finish = seen.finish.flatMap(link => [...(link.port ? [at(link.port)] : []), ...link.points]);
  }
  return {places, wires, w: whole.w, h: whole.h};
}

// -- drawing --------------------------------------------------------------------------------------

function outline(style, w, h) {
  const x = w / 2, y = h / 2;
  if (style === "parameter") return `M${-x},0 L${-x + 12},${-y} H${x - 12} L${x},0 L${x - 12},${y} H${-x + 12} Z`;
  if (style === "data") return `M${-x + 10},${-y} H${x} L${x - 10},${y} H${-x} Z`;
  if (style === "result") return `M${-x},${-y} H${x} V${y} H${-x} Z M${-x + 4},${-y + 4} H${x - 4} V${y - 4} H${-x + 4} Z`;
  if (style === "group") return `M${-x},${-y + 6} L${-x + 6},${-y} H${x} V${y - 6} L${x - 6},${y} H${-x} Z M${-x},${-y + 6} H${x - 6} V${y} M${x - 6},${-y + 6} L${x},${-y}`;
  return "";
}

function drawNode(node, place, parent) {
  const closed = clusters.has(node.id), style = closed ? "group" : node.style;
  const g = element("g", {id: node.id, class: `node ${style}`, transform: `translate(${place.x},${place.y})`}, parent);
  if (closed ? node.members.some(id => state.path.has(id)) : state.path.has(node.id)) g.classList.add("path");
  const turn = state.step > 0 && data.turns[state.step - 1];
  if (turn && turn.node && shownAs(nodes.get(turn.node)) === node.id) g.classList.add("turn");
  if (node.kind === "fork") element("circle", {r: 3}, g);
  else if (style === "gate" && place.w === 36) element("circle", {r: 18}, g);
  else if (style === "gate") element("rect", {x: -place.w / 2, y: -place.h / 2, width: place.w, height: place.h, rx: 9}, g);
  else if (outline(style, 1, 1)) element("path", {d: outline(style, place.w, place.h)}, g);
  const small = style === "gate" && place.w === 36 && node.label.length > 2;
  const texts = closed ? [node.label, ...closedLines(node)] : [node.label, ...lines(node)];
  texts.forEach((text, k) => element("text", {
    y: 5 + 15 * (k - (texts.length - 1) / 2), class: k ? "note" : "name",
    style: k ? "" : small ? `font-size:${node.label.length > 4 ? 10 : 12}px` : "",
  }, g, text));
  if (closed) operable(g, `open ${node.label}`, () => toggle(node.id));
  else g.addEventListener("click", () => follow(node.id));
  about(g, closed ? [node.label, node.role, node.detail, node.cost] : [node.label, node.about, node.cost]);
}

function operable(g, label, action) {
  for (const [key, value] of Object.entries({tabindex: 0, role: "button", "aria-label": label})) g.setAttribute(key, value);
  g.addEventListener("click", action);
  g.addEventListener("keydown", event => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
}

function about(g, texts) {
  g.addEventListener("pointerenter", () => {
    tip.textContent = [...new Set(texts.filter(t => t))].join("\n");
    tip.hidden = false;
  });
  g.addEventListener("pointerleave", () => { tip.hidden = true; });
}

function drawFrame(id, place, parent) {
  const cluster = clusters.get(id), x = place.x - place.w / 2, y = place.y - place.h / 2;
  const g = element("g", {id, class: `frame ${cluster.kind}`}, parent);
  element("rect", {x, y, width: place.w, height: place.h, rx: 8}, g);
  const head = element("g", {class: "head"}, g);
  element("rect", {x, y, width: place.w, height: HEAD, rx: 8}, head);
  element("text", {x: place.x, y: y + 15}, head, cluster.label);
  operable(head, `close ${cluster.label}`, () => toggle(id));
  about(head, [cluster.label, cluster.role, cluster.detail, cluster.cost]);
}

const curve = ([x1, y1], [x2, y2]) => {
  const dx = Math.max(8, Math.abs(x2 - x1) / 2);
  return `C${x1 + dx},${y1} ${x2 - dx},${y2} ${x2},${y2}`;
};

function drawWires({places, wires}, parent) {
  const ends = new Map();  // node and side -> its wires, from top to bottom
  const note = (key, end) => ends.set(key, [...(ends.get(key) || []), end]);
  for (const seen of wires) {
    const y = places.get(seen.wire.id).y;
    note(`${seen.tail}>`, {seen, id: seen.tail, y: (seen.start[0] || [0, y])[1]});
    note(`${seen.head}<`, {seen, id: seen.head, y: (seen.finish[seen.finish.length - 1] || [0, y])[1], last: true});
  }
  for (const list of ends.values()) {
    list.sort((p, q) => p.y - q.y);
    list.forEach(({seen, id, last}, k) => {
      const place = places.get(id), round = place.w === 36 && place.h === 36, dot = place.w === 6;
      const dy = dot ? 0 : (k - (list.length - 1) / 2) * Math.min(12, (place.h - 12) / list.length);
      const dx = dot ? 3 : round ? Math.sqrt(18 * 18 - dy * dy) : place.w / 2;
      seen[last ? "to" : "from"] = [place.x + (last ? -dx : dx), place.y + dy];
    });
  }
  for (const seen of wires) {
    const label = places.get(seen.wire.id), back = state.flow === "backward" && seen.wire.carries;
    const left = [label.x - label.w / 2, label.y], right = [label.x + label.w / 2, label.y];
    const line = (stops, more) => stops.slice(1).reduce((d, stop, k) => `${d} ${curve(stops[k], stop)}`, `M${stops[0]}`) + more;
    const look = `wire ${seen.hidden ? "" : seen.mark} ${seen.lit ? "path" : ""} ${back ? "back" : ""}`;
    const start = element("path", {d: line([seen.from, ...seen.start, left], ` H${right[0]}`), class: look}, parent);
    const end = element("path", {d: line([right, ...seen.finish, seen.to], ""), class: look}, parent);
    const fork = id => nodes.has(id) && nodes.get(id).kind === "fork";
    if (state.flow !== "backward" && !fork(seen.head)) end.setAttribute("marker-end", "url(#arrow)");
    if (back && !fork(seen.tail)) start.setAttribute("marker-start", "url(#arrow)");
  }
}

function drawLabel(seen, place, parent) {
  const g = element("g", {id: seen.wire.id, class: "label", transform: `translate(${place.x},${place.y})`}, parent);
  element("rect", {x: -place.w / 2, y: -place.h / 2, width: place.w, height: place.h}, g);
  const {above, below} = seen.texts;
  above.forEach(([kind, text], k) => element("text", {class: kind, y: -4 - 15 * (above.length - 1 - k)}, g, text));
  below.forEach(([kind, text], k) => element("text", {
    class: kind === "gradient" && seen.hidden ? "gradient hidden" : kind, y: 13 + 15 * k}, g, text));
  about(g, [seen.hidden ? seen.wire.about : seen.tip]);
  g.addEventListener("click", () => follow(seen.wire.tail, seen.wire.id));
}

let drawn = null;

function draw() {
  const start = performance.now(), seen = visible();
  drawn = arrange(seen);
  svg.querySelector("#all")?.remove();
  const all = element("g", {id: "all"}, svg);
  for (const [id, place] of drawn.places) if (place.frame) drawFrame(id, place, all);
  drawWires(drawn, all);
  for (const wire of seen.wires) drawLabel(wire, drawn.places.get(wire.wire.id), all);
  for (const [id, node] of seen.shown) drawNode(node, drawn.places.get(id), all);
  document.documentElement.dataset.theme = state.theme;
  const turn = state.step > 0 ? data.turns[state.step - 1].caption : state.step === 0 ? "forward: all values" : "";
  document.getElementById("caption").textContent = turn;
  document.getElementById("count").textContent = `${seen.shown.size} of ${data.nodes.length} nodes`;
  move();
  document.documentElement.dataset.drawn = Math.round(performance.now() - start);
}
