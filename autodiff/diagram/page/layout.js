// Where everything stands: columns from left to right, each cluster laid out inside its own frame.
//
// An item is {id, w, h, inside?, soft?, side?}; `inside` is the layout of an open cluster, soft ones
// stand as far right as they can, ports on their side of the frame. Wires are items of their
// own, as wide as their numbers, so that these have room. Links are {from, to, fromDy, toDy}: items
// joined, and how far from their middles the wire leaves and arrives.
"use strict";

const GAP_X = 14, GAP_Y = 12, PAD = 14, HEAD = 20;

function layout(items, links, firstColumn) {
  const n = items.length, index = new Map(items.map((item, k) => [item.id, k]));
  const out = items.map(() => []), into = items.map(() => []);
  for (const link of links) {
    const a = index.get(link.from), b = index.get(link.to);
    if (a === b) continue;
    out[a].push(b);
    into[b].push(a);
  }
  const ports = side => items.map((item, k) => k).filter(k => items[k].side === side);
  const {rank, sequence} = ranks(n, out, into), late = new Array(n).fill(false);
  for (const k of sequence)  // leaves, and their wires and forks, stand beside what takes them
    late[k] = into[k].length ? !!items[k].soft && into[k].every(a => late[a]) : !items[k].side && !firstColumn.has(items[k].id);
  for (const k of sequence.reverse())
    if (late[k] && out[k].length) rank[k] = Math.max(rank[k], out[k].reduce((r, b) => Math.min(r, rank[b]), Infinity) - 1);
  const far = Math.max(0, ...rank);
  for (const k of ports("right")) rank[k] = Math.max(far, 1);
  const columns = [], points = [];
  const add = (point, r) => {
    while (columns.length <= r) columns.push([]);
    point.rank = r;
    point.before = [];
    point.after = [];
    columns[r].push(point);
    points.push(point);
    return point;
  };
  const nodes = items.map((item, k) => add({item, w: item.w, h: item.h}, rank[k]));
  const spans = links.reduce((sum, l) =>
    sum + Math.abs(rank[index.get(l.to)] - rank[index.get(l.from)]), 0);
  const bend = spans < 4000;
  for (const link of links) {
    const a = nodes[index.get(link.from)], b = nodes[index.get(link.to)];
    if (a === b) continue;
    link.bends = [];
    let last = a, lastDy = link.fromDy || 0;
    const join = (to, dy) => {
      last.after.push({to, own: lastDy, other: dy});
      to.before.push({to: last, own: dy, other: lastDy});
      last = to;
      lastDy = 0;
    };
    for (let r = a.rank + 1; bend && r < b.rank; r++) {
      const point = add({w: 0, h: 0, dummy: true}, r);
      link.bends.push(point);
      join(point, 0);
    }
    join(b, link.toDy || 0);
  }
  order(columns);
  heights(columns);
  let x = 0;
  for (const column of columns) {
    const w = Math.max(0, ...column.map(p => p.w));
    for (const p of column) p.x = x + w / 2;
    x += w + GAP_X;
  }
  const top = Math.min(...points.map(p => p.y - p.h / 2)), low = Math.max(...points.map(p => p.y + p.h / 2));
  for (const p of points) p.y -= top;
  for (const p of nodes) {
    p.item.x = p.x;
    p.item.y = p.y;
  }
  return {w: Math.max(0, x - GAP_X), h: low - top, items, links};
}

function ranks(n, out, into) {
  const rank = new Array(n).fill(0), left = into.map(list => list.length), done = new Array(n).fill(false);
  const ready = [], sequence = [];
  for (let k = 0; k < n; k++) if (!left[k]) ready.push(k);
  let count = 0, next = 0, scan = 0;
  while (count < n) {
    if (next === ready.length) {  // a circle: go on with the first that is left
      while (done[scan]) scan++;
      ready.push(scan);
    }
    const k = ready[next++];
    if (done[k]) continue;
    done[k] = true;
    sequence.push(k);
    count++;
    for (const b of out[k]) {
      if (done[b]) continue;
      rank[b] = Math.max(rank[b], rank[k] + 1);
      if (--left[b] === 0) ready.push(b);
    }
  }
  return {rank, sequence};
}

// Sweeps to and fro, each column in the order of its neighbours' means; the fewest crossings win.
function order(columns) {
  const number = column => column.forEach((p, k) => { p.place = k; });
  columns.forEach(number);
  const links = columns.reduce((sum, c) => sum + c.reduce((s, p) => s + p.after.length, 0), 0);
  const exact = links < 1500;
  let best = exact ? crossings(columns) : 0, kept = columns.map(c => c.slice());
  for (let sweep = 0; sweep < (exact ? 10 : 4) && (best || !exact); sweep++) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : columns.slice().reverse()) {
      const wish = new Map(column.map(p => {
        const near = forward ? p.before : p.after;
        const mean = near.reduce((s, e) => s + e.to.place + e.other / 1000, 0) / near.length;
        return [p, near.length ? mean : p.place];
      }));
      column.sort((p, q) => wish.get(p) - wish.get(q) || p.place - q.place);
      number(column);
    }
    const found = exact ? crossings(columns) : 0;
    if (!exact || found < best) {
      best = found;
      kept = columns.map(c => c.slice());
    }
  }
  columns.forEach((column, r) => {
    column.splice(0, column.length, ...kept[r]);
    number(column);
  });
}

function crossings(columns) {
  let sum = 0;
  for (const column of columns) {
    const ends = [];
    for (const p of column) for (const e of p.after) ends.push([p.place, e.to.place]);
    for (let i = 0; i < ends.length; i++)
      for (let j = i + 1; j < ends.length; j++)
        if ((ends[i][0] - ends[j][0]) * (ends[i][1] - ends[j][1]) < 0) sum++;
  }
  return sum;
}

// As near to the middle of the neighbours as the order and the room for each allow.
function heights(columns) {
  for (const column of columns) {
    let y = 0;
    for (const p of column) {
      p.y = y + p.h / 2;
      y += p.h + GAP_Y;
    }
  }
  for (let sweep = 0; sweep < 12; sweep++) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : columns.slice().reverse()) {
      const wish = column.map(p => {
        const near = sweep < 8 ? (forward ? p.before : p.after) : [...p.before, ...p.after];
        if (!near.length) return p.y;
        return near.reduce((s, e) => s + e.to.y + e.other - e.own, 0) / near.length;
      });
      spread(column, wish);
    }
  }
}

// Least squares with distances kept: means of blocks that would overlap (pool adjacent violators).
function spread(column, wish) {
  let offset = 0;
  const offsets = column.map((p, k) => {
    if (k) offset += (column[k - 1].h + p.h) / 2 + (p.dummy && column[k - 1].dummy ? 5 : GAP_Y);
    return offset;
  });
  const blocks = [];
  column.forEach((p, k) => {
    blocks.push({sum: wish[k] - offsets[k], count: 1});
    while (blocks.length > 1) {
      const b = blocks[blocks.length - 1], a = blocks[blocks.length - 2];
      if (a.sum / a.count <= b.sum / b.count) break;
      a.sum += b.sum;
      a.count += b.count;
      blocks.pop();
    }
  });
  let k = 0;
  for (const block of blocks)
    for (let i = 0; i < block.count; i++, k++) column[k].y = block.sum / block.count + offsets[k];
}
