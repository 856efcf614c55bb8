"use strict";
(() => {
  // The cookie says who this is; the token need not stay in the address, where others see it and the history keeps it.
  if (location.search) history.replaceState(null, "", location.pathname);

  const $ = id => document.getElementById(id);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const later = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

  /** An element with properties and children; text is always text. */
  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined || value === null || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "class") element.className = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter(child => child !== null));
    return element;
  }

  let study, items, index = 0, item = null;
  let answers = new Map();           // of the item: "dimension|cell" or "dimension|" → answer
  let players = [];
  let layer = null;                  // part of the time that loops, null for all
  let place = 0;                     // cell of the picture that has the focus
  let anchor = 0;
  let selected = new Set();          // places: row × columns + column
  let dimension = null;              // what is asked of patches now

  // ---- What is kept in this browser, under the study and the annotator: acts on their way, and what undo needs.
  const memory = new Map();
  const keyOf = name => `halolab-annotation/${study.key}/${study.annotator}/${name}`;
  function stored(name, otherwise) {
    let text = memory.get(name) ?? null;
    try { text = localStorage.getItem(keyOf(name)) ?? text; } catch { /* storage is off: this page's memory serves */ }
    return text === null ? otherwise : JSON.parse(text);
  }
  function store(name, value) {
    const text = JSON.stringify(value);
    try { localStorage.setItem(keyOf(name), text); memory.delete(name); } catch { memory.set(name, text); }
  }

  // ---- Acts: kept here until the server says that they are on its disk, sent in order, again and again.
  let flushing = false, lacksLink = false, wake = () => {};
  const waiting = () => stored("acts", []);

  function send(said) {
    store("acts", [...waiting(), { id: newId(), item: item.id, at: new Date().toISOString(), answers: said }]);
    flush();
  }

  // crypto.randomUUID needs a secure context, which "localhost" and 127.0.0.1 are; an old browser may think otherwise.
  function newId() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, "0")).join("");
  }

  async function flush() {
    if (flushing) { wake(); return; }
    flushing = true;
    let pause = 500;
    for (let act = waiting()[0]; act; act = waiting()[0]) {
      saving("saving");
      try {
        const response = await fetch("acts", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(act), signal: AbortSignal.timeout(10000) });
        const answer = await response.json();
        if (response.ok || (response.status < 500 && response.status !== 401 && response.status !== 408)) {
          store("acts", waiting().filter(other => other.id !== act.id));
          pause = 500;
          if (response.ok) { haveLink(); written(act, answer); }
          else tell(`An answer was not taken: ${answer.error}`);
          continue;
        }
        if (response.status === 401) needLink(answer.error);
      } catch { /* no connection, or no answer in time: it is sent again */ }
      saving("offline");
      await Promise.race([later(pause), new Promise(resolve => { wake = resolve; })]);
      pause = Math.min(pause * 2, 5000);
    }
    flushing = false;
    saving("saved");
  }

  function saving(state) {
    const count = waiting().length;
    const element = $("saving");
    element.className = state === "offline" ? "waiting" : "";
    const text = state === "saved" ? "✓ All saved" : state === "saving" ? "Saving …" : count ? `No connection: ${count} ${count === 1 ? "answer waits" : "answers wait"} here` : "No connection";
    if (element.textContent !== text) element.textContent = text;
  }

  function needLink(text) { lacksLink = true; tell(text); }
  function haveLink() { if (lacksLink) { lacksLink = false; tell(""); } }

  function tell(text) {
    $("trouble").hidden = !text;
    $("trouble").textContent = text;
  }

  async function written(act, answer) {
    const of = items.find(one => one.id === act.item);
    if (!of || waiting().some(other => other.item === act.item)) return;
    of.isDone = answer.isDone;
    progress();
    if (item && act.item === item.id && item.isTraining && answer.isDone) {
      const now = await ask(`items/${item.id}`);
      if (item.id === now.id) { item.known = now.known ?? null; render(); feedback(); }
    }
  }

  class Refused extends Error { }

  /** Asks until there is an answer; throws where there will be none. */
  async function ask(address, read = response => response.json()) {
    for (let pause = 500; ; pause = Math.min(pause * 2, 5000)) {
      try {
        const response = await fetch(address, { signal: AbortSignal.timeout(120000) });
        if (response.ok) {
          const result = await read(response);
          haveLink();
          if (!waiting().length) saving("saved");
          return result;
        }
        const { error } = await response.json();
        if (response.status !== 401 && response.status < 500) throw new Refused(error);
        if (response.status === 401) needLink(error);
      } catch (error) {
        if (error instanceof Refused) throw error;
      }
      saving("offline");
      await later(pause);
    }
  }

  // ---- Answers.
  const keyOfAnswer = (name, cell) => `${name}|${cell ?? ""}`;
  const isWhole = answer => !!answer && (answer.grade !== undefined || answer.choice !== undefined || answer.cannotTell === true);
  const isSame = (one, other) => JSON.stringify(tidy(one)) === JSON.stringify(tidy(other));
  const tidy = answer => ({ grade: answer?.grade, defect: answer?.defect, choice: answer?.choice, cannotTell: answer?.cannotTell || undefined });

  function put(name, cell, answer) {
    const key = keyOfAnswer(name, cell);
    if (isSame(answer, {})) answers.delete(key); else answers.set(key, tidy(answer));
  }

  function putSaid(said) {
    for (const one of said) for (const cell of one.cells ?? [null]) put(one.dimension, cell, one);
  }

  /** One act: new answers to questions, [dimension, cell, answer] each. */
  function answer(changes, text, { isUndo = false } = {}) {
    changes = changes.filter(([name, cell, value]) => !isSame(value, answers.get(keyOfAnswer(name, cell))));
    if (!changes.length) { say(text); render(); return; }
    if (!isUndo) {
      const before = changes.map(([name, cell]) => [name, cell, tidy(answers.get(keyOfAnswer(name, cell)))]);
      store("undo", [...stored("undo", []), { item: item.id, before }].slice(-300));
    }
    const groups = new Map();
    for (const [name, cell, value] of changes) {
      const key = JSON.stringify([name, cell === null, tidy(value)]);
      if (!groups.has(key)) groups.set(key, { dimension: name, cells: cell === null ? undefined : [], ...tidy(value) });
      if (cell !== null) groups.get(key).cells.push(cell);
    }
    const said = [...groups.values()];
    putSaid(said);
    item.known = null;
    items.find(one => one.id === item.id).isDone = isComplete();
    progress();
    send(said);
    say(text);
    render();
  }

  async function undo() {
    const stack = stored("undo", []);
    const last = stack.pop();
    store("undo", stack);
    if (!last) { say("There is nothing to undo."); render(); return; }
    const where = items.findIndex(one => one.id === last.item);
    if (where < 0) return undo();
    if (last.item !== item.id) await go(where);
    answer(last.before, "Taken back.", { isUndo: true });
  }

  const cellsOfItem = () => study.grid[0] * study.grid[1] * study.grid[2];
  const unansweredPatches = name => [...Array(cellsOfItem()).keys()].filter(cell => !isWhole(answers.get(keyOfAnswer(name, cell))));
  const openQuestions = () => study.videoQuestions.filter(question => !isWhole(answers.get(keyOfAnswer(question.dimension, null))));
  const isComplete = () => study.patchQuestions.every(question => !unansweredPatches(question.dimension).length) && !openQuestions().length;

  /** The cells that the selection means: in every part of the time, or in the one that loops. */
  function selectedCells() {
    const [times, rows, columns] = study.grid;
    const parts = layer === null ? [...Array(times).keys()] : [layer];
    return parts.flatMap(t => [...selected].sort((a, b) => a - b).map(at => t * rows * columns + at));
  }

  const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

  function gradePatches(make, text) {
    const cells = selectedCells();
    if (!study.patchQuestions.length) return;
    if (!cells.length) { say("Select patches first: click, drag, or the arrow keys and Space."); return; }
    answer(cells.map(cell => [dimension.dimension, cell, make(answers.get(keyOfAnswer(dimension.dimension, cell)) ?? {})]), `${counted(cells.length, "patch", "patches")}: ${text}`);
  }

  const asksDefect = () => dimension?.kind === "defect" && !study.compares;

  function grade(number) {
    gradePatches(old => asksDefect() ? { grade: number, defect: number === 5 ? "none" : old.defect === "none" ? undefined : old.defect } : { grade: number }, `grade ${number}`);
  }

  function defect(kind) {
    if (!asksDefect()) return;
    const name = study.defects.find(one => one.defect === kind).name;
    gradePatches(old => ({ grade: old.grade === 5 && kind !== "none" ? undefined : old.grade, defect: kind }), name);
  }

  const choose = side => gradePatches(() => ({ choice: side }), nameOfSide(side));
  const nameOfSide = side => side === "left" ? "A is better" : side === "right" ? "B is better" : "the same";
  const cannotTell = () => gradePatches(() => ({ cannotTell: true }), "cannot tell");

  function rest() {
    if (!study.patchQuestions.length) return;
    const open = unansweredPatches(dimension.dimension);
    const begun = open.filter(cell => answers.has(keyOfAnswer(dimension.dimension, cell)));
    const free = open.filter(cell => !answers.has(keyOfAnswer(dimension.dimension, cell)));
    const value = study.compares ? { choice: "same" } : asksDefect() ? { grade: 5, defect: "none" } : { grade: 5 };
    const left = begun.length ? ` ${counted(begun.length, "patch has", "patches have")} a kind of defect and no grade yet.` : "";
    answer(free.map(cell => [dimension.dimension, cell, value]), `${counted(free.length, "patch", "patches")}: ${study.compares ? "the same" : "fine"}.${left}`);
  }

  function answerVideo(question, value, text) {
    answer([[question.dimension, null, value]], `${question.title}: ${text}`);
    const open = openQuestions()[0];
    if (open) focusQuestion(open); else $("next").focus();
  }

  // ---- Drawing and playing.
  class Player {
    constructor(clip, address, titled) {
      this.clip = clip;
      this.address = address;
      this.pictures = [];
      this.shown = -1;
      this.canvas = make("canvas", { width: clip.width, height: clip.height, role: "img", "aria-label": titled ?? "the video" });
      this.note = make("div", { class: "loading" }, "Loading …");
      this.screen = make("div", { class: "screen" }, this.canvas, this.note);
    }

    async load(isWanted) {
      for (let i = 0; i < this.clip.frames && isWanted(); i++) {
        const picture = await createImageBitmap(await ask(`${this.address}/frames/${i}`, response => response.blob()));
        if (!isWanted()) return;
        this.pictures.push(picture);
        this.note.textContent = `Loading ${i + 1} of ${this.clip.frames}`;
        if (i === 0) this.draw(0);
      }
      this.note.remove();
    }

    get isLoaded() { return this.pictures.length === this.clip.frames; }

    draw(frame) {
      if (frame === this.shown || !this.pictures[frame]) return;
      this.canvas.getContext("2d").drawImage(this.pictures[frame], 0, 0);
      this.shown = frame;
    }

    /** First frame and the one after the last of the part of the time that loops. */
    get range() { return layer === null ? [0, this.clip.frames] : [this.clip.frameEdges[layer], this.clip.frameEdges[layer + 1]]; }

    fit(width, height) {
      let scale = Math.min(width / this.clip.width, height / this.clip.height);
      if (scale >= 2) scale = Math.floor(scale);
      this.screen.style.width = `${Math.round(this.clip.width * scale)}px`;
      this.screen.style.height = `${Math.round(this.clip.height * scale)}px`;
      this.screen.classList.toggle("enlarged", scale >= 2);
    }
  }

  let playing = !still, clock = 0, last = 0;

  const period = () => Math.max(...players.map(player => (player.range[1] - player.range[0]) / player.clip.rate));

  function tick(now) {
    if (players.length && players.every(player => player.isLoaded)) {
      if (playing) clock = (clock + (now - last) / 1000) % period();
      for (const player of players) {
        const [from, to] = player.range;
        player.draw(Math.min(to - 1, from + Math.floor(clock * player.clip.rate + 1e-6)));
      }
      const first = players[0], text = `frame ${first.shown + 1} of ${first.clip.frames}`;
      if ($("frame").textContent !== text) $("frame").textContent = text;
    }
    for (const example of examples) example(now);
    last = now;
    requestAnimationFrame(tick);
  }

  function play(on) {
    playing = on;
    $("play").replaceChildren(on ? "Pause " : "Play ", make("kbd", {}, "K"));
  }

  function step(frames) {
    play(false);
    const rate = Math.max(...players.map(player => player.clip.rate)), all = Math.max(1, Math.round(period() * rate));
    const next = Math.floor(clock * rate + 1e-6) + frames;
    clock = ((next % all + all) % all + 0.001) / rate;
  }

  function loop(part) {
    layer = part;
    clock = 0;
    say(part === null ? "All of the time" : `Time ${part + 1} of ${study.grid[0]}`);
    render();
  }

  function layout() {
    if (!players.length) return;
    const wide = innerWidth > 1000, room = Math.min(innerWidth, 1500) - (wide ? 480 : 40);
    const width = Math.max(160, (room - 18 * (players.length - 1)) / players.length), height = Math.max(200, innerHeight - 290);
    for (const player of players) player.fit(width, height);
  }

  // ---- The grid over the picture.
  function buildGrid(player) {
    const [, rows, columns] = study.grid, { rowEdges, columnEdges, height, width } = player.clip;
    const grid = make("div", { class: "grid", role: "grid", "aria-multiselectable": "true", "aria-label": "Patches" });
    player.cells = [];
    for (let h = 0; h < rows; h++) {
      const row = make("div", { role: "row" });
      for (let w = 0; w < columns; w++) {
        const cell = make("div", { class: "cell", role: "gridcell", tabindex: "-1", "data-place": h * columns + w }, make("span", { class: "mark", "aria-hidden": "true" }));
        cell.style.left = `${columnEdges[w] / width * 100}%`;
        cell.style.width = `${(columnEdges[w + 1] - columnEdges[w]) / width * 100}%`;
        cell.style.top = `${rowEdges[h] / height * 100}%`;
        cell.style.height = `${(rowEdges[h + 1] - rowEdges[h]) / height * 100}%`;
        cell.addEventListener("focus", () => { place = h * columns + w; roving(); });
        row.append(cell);
        player.cells.push(cell);
      }
      grid.append(row);
    }
    player.screen.append(grid);
    player.grid = grid;

    const at = event => {
      const box = grid.getBoundingClientRect();
      const find = (edges, value, size) => { let i = 0; while (i < edges.length - 2 && edges[i + 1] <= value * size) i++; return i; };
      const inside = value => Math.min(0.9999, Math.max(0, value));
      return find(rowEdges, inside((event.clientY - box.top) / box.height), height) * columns + find(columnEdges, inside((event.clientX - box.left) / box.width), width);
    };
    let base = null, start = 0, was = null;
    grid.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      event.preventDefault();
      was = [...selected];
      base = event.shiftKey || event.ctrlKey || event.metaKey ? new Set(selected) : new Set();
      start = at(event);
      grid.setPointerCapture(event.pointerId);
      select(new Set([...base, start]));
    });
    grid.addEventListener("pointermove", event => { if (base) select(new Set([...base, ...rectangle(start, at(event))])); });
    grid.addEventListener("pointerup", event => {
      if (!base) return;
      const end = at(event);

      // A click on the one patch that is selected, or on a selected one with Shift, lets it go.
      if (start === end && was.includes(start) && (base.size || was.length === 1)) select(new Set([...base].filter(other => other !== start)));
      base = null;
      place = anchor = end;
      player.cells[end].focus({ preventScroll: true });
      saySelection();
    });
    grid.addEventListener("pointercancel", () => { base = null; });
  }

  function rectangle(from, to) {
    const columns = study.grid[2], [h1, h2] = [Math.floor(from / columns), Math.floor(to / columns)].sort((a, b) => a - b), [w1, w2] = [from % columns, to % columns].sort((a, b) => a - b);
    const places = [];
    for (let h = h1; h <= h2; h++) for (let w = w1; w <= w2; w++) places.push(h * columns + w);
    return places;
  }

  function select(places) { selected = places; render(); }

  function saySelection() {
    const count = selected.size;
    say(count ? `${counted(count, "place", "places")} selected${layer === null && study.grid[0] > 1 ? `, in all ${study.grid[0]} parts of the time` : ""}` : "Nothing selected");
  }

  function roving() {
    for (const player of players) player.cells?.forEach((cell, i) => { cell.tabIndex = i === place ? 0 : -1; });
  }

  function focusGrid() { players[0]?.cells?.[place]?.focus({ preventScroll: true }); }

  /** What the badge of a place says, its class, and the words for it. */
  function summary(at) {
    const [times, rows, columns] = study.grid;
    const all = (layer === null ? [...Array(times).keys()] : [layer]).map(t => answers.get(keyOfAnswer(dimension.dimension, t * rows * columns + at)));
    const present = all.filter(Boolean);
    if (!present.length) return { text: "", kind: "", words: "not answered" };
    const same = present.length === all.length && present.every(one => isSame(one, present[0]));
    const worst = same ? present[0] : present.reduce((a, b) => (b.grade ?? 9) < (a.grade ?? 9) ? b : a);
    return { text: short(worst) + (same ? "" : "…"), kind: kindOf(worst) + (isWhole(worst) ? "" : " half"), words: (same ? "" : "partly ") + words(worst) };
  }

  function short(answer) {
    if (answer.cannotTell) return "?";
    if (answer.choice) return { left: "A", right: "B", same: "=" }[answer.choice];
    const kind = answer.defect && answer.defect !== "none" ? study.defects.find(one => one.defect === answer.defect)?.key.toUpperCase() ?? "" : "";
    return answer.grade === 5 && !kind ? "✓" : `${answer.grade ?? "·"}${kind}`;
  }

  const kindOf = answer => answer.cannotTell || answer.choice === "same" ? "unsure" : answer.grade === 5 ? "fine" : answer.choice ? "" : "bad";
  const words = answer => answer.cannotTell ? "cannot tell" : answer.choice ? nameOfSide(answer.choice)
    : [answer.grade === undefined ? "no grade" : `grade ${answer.grade}`, answer.defect && answer.defect !== "none" ? answer.defect : null].filter(Boolean).join(", ");

  function differs(cell) {
    const known = item.known?.find(one => one.dimension === dimension.dimension && one.cell === cell);
    const own = answers.get(keyOfAnswer(dimension.dimension, cell));
    return known && own && known.grade !== own.grade ? known : null;
  }

  // ---- The panel.
  function pressed(button, value) { button.setAttribute("aria-pressed", value); }

  function button(label, key, click, properties = {}) {
    return make("button", { type: "button", onclick: click, "aria-keyshortcuts": key?.toLowerCase() ?? null, ...properties }, label, ...(key ? [" ", make("kbd", {}, key)] : []));
  }

  function buildPanel() {
    $("patches").hidden = !study.patchQuestions.length;
    $("video").hidden = !study.videoQuestions.length;
    $("video-heading").replaceChildren(study.compares ? "The two videos " : "The whole video ", make("kbd", {}, "V"));
    if (study.patchQuestions.length > 1) {
      $("dimensions").hidden = false;
      $("dimensions").replaceChildren(...study.patchQuestions.map((question, i) => button(question.title, i ? null : "Q", () => { dimension = question; render(); })), "");
    }
    const grades = study.compares
      ? [["left", "A", "A better"], ["same", "S", "same"], ["right", "B", "B better"]].map(([side, key, label]) => button(label, key, () => choose(side), { "data-choice": side }))
      : [...study.grades].sort((a, b) => a.grade - b.grade).map(one => button(String(one.grade), null, () => grade(one.grade), { "data-grade": one.grade, title: one.name, "aria-label": `${one.grade}: ${one.name}`, "aria-keyshortcuts": one.grade }));
    $("grades").replaceChildren(...grades, button("can't tell", "X", cannotTell, { "data-cannot": true }));
    const worst = study.grades.find(one => one.grade === 1), best = study.grades.find(one => one.grade === 5);
    $("scale").hidden = study.compares;
    $("scale").replaceChildren(make("span", {}, `1 ${worst.name}`), make("span", {}, `5 ${best.name}`));
    $("rest").replaceChildren(study.compares ? "Everything else is the same " : "Everything else is fine ", make("kbd", {}, "R"));
    $("defects").replaceChildren(...study.defects.map(one => button(one.name, one.key.toUpperCase(), () => defect(one.defect), { "data-defect": one.defect, title: one.help })));
    $("questions").replaceChildren(...study.videoQuestions.map(buildQuestion));
  }

  function buildQuestion(question) {
    const options = study.compares
      ? [["left", "A better", { choice: "left" }], ["same", "same", { choice: "same" }], ["right", "B better", { choice: "right" }]]
      : [...study.grades].sort((a, b) => a.grade - b.grade).map(one => [String(one.grade), String(one.grade), { grade: one.grade }, one.name]);
    const buttons = [...options, ["cannot", "can't tell", { cannotTell: true }]].map(([name, label, value, title]) => {
      const element = button(label, value.choice ? { left: "A", right: "B", same: "S" }[value.choice] : value.cannotTell ? "X" : null, () => answerVideo(question, value, value.grade ? `grade ${value.grade}` : label), { title, "aria-label": title ? `${label}: ${title}` : null });
      element.said = value;
      return element;
    });
    const set = make("fieldset", { class: "question", "data-dimension": question.dimension },
      make("legend", {}, make("b", {}, question.title), " ", make("span", { class: "soft" }, study.compares ? question.compare : question.ask)), make("div", { class: "answers" }, ...buttons));
    set.addEventListener("keydown", event => {
      const at = buttons.indexOf(document.activeElement);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1 }[event.key];
      if (at >= 0 && to !== undefined) {
        event.preventDefault();
        event.stopPropagation();
        buttons[Math.max(0, Math.min(buttons.length - 1, to))].focus();
      }
    });
    set.buttons = buttons;
    return set;
  }

  function focusQuestion(question) {
    const set = [...$("questions").children].find(one => one.dataset.dimension === question.dimension);
    (set.buttons.find(one => one.getAttribute("aria-pressed") === "true") ?? set.buttons[0]).focus();
  }

  function nextQuestion() {
    if (!study.videoQuestions.length) return;
    const here = document.activeElement?.closest?.(".question")?.dataset.dimension;
    const order = study.videoQuestions, from = order.findIndex(one => one.dimension === here) + 1;
    const turned = [...order.slice(from), ...order.slice(0, from)];
    focusQuestion(turned.find(one => openQuestions().includes(one)) ?? turned[0]);
  }

  const say = text => { $("said").textContent = text; };

  function render() {
    if (!item) return;
    for (const set of $("questions").children) {
      const own = answers.get(keyOfAnswer(set.dataset.dimension, null));
      set.classList.toggle("open", !isWhole(own));
      for (const one of set.buttons) pressed(one, String(isSame(one.said, own)));
    }
    for (const [i, one] of [...$("layers").children].entries()) pressed(one, String((layer === null ? 0 : layer + 1) === i));
    $("undo").disabled = !stored("undo", []).length;
    $("previous").disabled = index === 0;
    if (!study.patchQuestions.length) return;

    const own = selectedCells().map(cell => answers.get(keyOfAnswer(dimension.dimension, cell)) ?? {});
    const state = test => !own.length || !own.some(test) ? "false" : own.every(test) ? "true" : "mixed";
    for (const one of $("grades").children) {
      pressed(one, state(answer => one.dataset.grade ? answer.grade === Number(one.dataset.grade) : one.dataset.choice ? answer.choice === one.dataset.choice : answer.cannotTell === true));
    }
    $("defects").hidden = !asksDefect();
    for (const one of $("defects").children) pressed(one, state(answer => answer.defect === one.dataset.defect));
    if (study.patchQuestions.length > 1) [...$("dimensions").children].forEach((one, i) => pressed(one, String(study.patchQuestions[i] === dimension)));
    $("patch-ask").textContent = study.compares ? dimension.compare : dimension.ask;
    const cells = cellsOfItem(), open = unansweredPatches(dimension.dimension).length;
    $("selection").textContent = `${selected.size ? counted(selectedCells().length, "patch", "patches") + " selected" : "Click or drag over patches"} · ${cells - open} of ${cells} answered`;

    const [times, rows, columns] = study.grid;
    for (const player of players) {
      player.grid.setAttribute("aria-label", layer === null ? "Patches, all of the time" : `Patches, time ${layer + 1} of ${times}`);
      player.grid.classList.toggle("bare", !$("lines").checked);
      player.cells.forEach((cell, at) => {
        const what = summary(at), mark = cell.firstChild;
        mark.className = `mark ${what.kind}`;
        mark.hidden = !what.text;
        mark.textContent = what.text;
        cell.classList.toggle("selected", selected.has(at));
        cell.setAttribute("aria-selected", String(selected.has(at)));
        const known = (layer === null ? [...Array(times).keys()] : [layer]).map(t => differs(t * rows * columns + at)).find(Boolean);
        cell.classList.toggle("differs", !!known);
        cell.setAttribute("aria-label", `row ${Math.floor(at / columns) + 1}, column ${at % columns + 1}: ${what.words}${known ? `; known: ${words(known)}` : ""}`);
        cell.title = known ? `known: ${words(known)}` : "";
      });
    }
    roving();
  }

  function feedback() {
    const box = $("feedback");
    box.hidden = !item.known;
    if (!item.known) return;
    const [, rows, columns] = study.grid;
    const wrong = item.known.filter(one => answers.get(keyOfAnswer(one.dimension, one.cell))?.grade !== one.grade);
    const where = one => one.cell === undefined ? study.videoQuestions.find(question => question.dimension === one.dimension).title
      : `time ${Math.floor(one.cell / (rows * columns)) + 1}, row ${Math.floor(one.cell / columns) % rows + 1}, column ${one.cell % columns + 1}`;
    box.replaceChildren(
      make("p", {}, make("strong", {}, wrong.length ? `Training: ${wrong.length} of ${item.known.length} answers differ from the known ones.` : `Training: all ${item.known.length} answers are the known ones.`)),
      ...(wrong.length ? [make("ul", {}, ...wrong.map(one => make("li", {}, `${where(one)}: you say ${words(answers.get(keyOfAnswer(one.dimension, one.cell)) ?? {})}, known is ${words(one)}`)))] : []));
    say(box.firstChild.textContent);
  }

  function progress() {
    const done = items.filter(one => one.isDone).length;
    $("progress").max = items.length;
    $("progress").value = done;
    const text = `${done} of ${items.length} done · this is number ${index + 1}`;
    if ($("progress-text").textContent !== text) $("progress-text").textContent = text;
  }

  // ---- Going from item to item.
  let visit = 0;

  async function go(to) {
    const mine = ++visit;
    index = to;
    store("at", items[index].id);

    // What waits may arrive between the server's answer and now: whatever waited before is said again on top of it.
    const before = waiting();
    const next = await ask(`items/${items[index].id}`);
    if (mine !== visit) return;
    item = next;
    answers = new Map();
    for (const one of item.answers) put(one.dimension, one.cell ?? null, one);
    const known = new Set(before.map(act => act.id));
    for (const act of [...before, ...waiting().filter(act => !known.has(act.id))]) if (act.item === item.id) putSaid(act.answers);
    selected = new Set();
    place = anchor = 0;
    layer = null;
    clock = 0;
    dimension = study.patchQuestions[0] ?? null;
    $("prompt").textContent = item.prompt ?? "(not known)";
    $("kind").hidden = !item.isTraining;
    $("kind").textContent = "Training: the answers are known and shown when you have given yours";
    players = item.clips.map((clip, side) => new Player(clip, `items/${item.id}/clips/${side}`, item.clips.length > 1 ? `video ${"AB"[side]}` : "the video"));
    if (study.patchQuestions.length) players.forEach(buildGrid);
    $("clips").replaceChildren(...players.map((player, side) => make("figure", { class: "clip" }, item.clips.length > 1 ? make("figcaption", {}, "AB"[side]) : null, player.screen)));
    say("");
    layout();
    progress();
    render();
    feedback();
    focusGrid();
    const isWanted = () => mine === visit;
    await Promise.all(players.map(player => player.load(isWanted)));
    prefetch(mine);
  }

  /** The next item's pictures, so that nobody waits for them. */
  async function prefetch(mine) {
    const next = items[index + 1];
    if (!next) return;
    try {
      const ahead = await (await fetch(`items/${next.id}`)).json();
      for (const [side, clip] of ahead.clips.entries()) {
        for (let i = 0; i < clip.frames && mine === visit; i++) await (await fetch(`items/${next.id}/clips/${side}/frames/${i}`, { priority: "low" })).blob();
      }
    } catch { /* they are fetched when they are needed */ }
  }

  function finish() {
    if (!isComplete()) {
      const patches = study.patchQuestions.find(question => unansweredPatches(question.dimension).length);
      if (patches) {
        dimension = patches;
        const count = unansweredPatches(patches.dimension).length;
        say(`${counted(count, "patch has", "patches have")} no answer yet. R says that ${study.compares ? "they are the same" : "they are fine"}.`);
        render();
        focusGrid();
      } else {
        const open = openQuestions();
        say(`${counted(open.length, "question is", "questions are")} open.`);
        focusQuestion(open[0]);
      }
      return;
    }
    if (item.isTraining && !item.known) { say("One moment: the known answers are on their way."); return; }
    const open = items.map((one, i) => ({ i, isOpen: !one.isDone && i !== index }));
    const next = open.slice(index + 1).find(one => one.isOpen) ?? open.slice(0, index).find(one => one.isOpen);
    if (next) go(next.i);
    else if (index + 1 < items.length) go(index + 1);
    else say("Everything is answered. Thank you!");
  }

  // ---- Keys.
  document.addEventListener("keydown", event => {
    if (!item || $("instructions").open) return;
    const key = event.key, low = key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && low === "z") { event.preventDefault(); undo(); return; }
    const cell = document.activeElement?.closest?.(".cell");
    if ((event.ctrlKey || event.metaKey) && low === "a" && cell) { event.preventDefault(); select(new Set([...Array(study.grid[1] * study.grid[2]).keys()])); saySelection(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [, rows, columns] = study.grid;
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
    if (cell && move) {
      event.preventDefault();
      const h = Math.min(rows - 1, Math.max(0, Math.floor(place / columns) + move[0])), w = Math.min(columns - 1, Math.max(0, place % columns + move[1]));
      const player = players.find(one => one.cells.includes(cell));
      place = h * columns + w;
      if (event.shiftKey) { select(new Set(rectangle(anchor, place))); saySelection(); } else anchor = place;
      player.cells[place].focus({ preventScroll: true });
      return;
    }
    if (cell && key === " ") {
      event.preventDefault();
      select(selected.has(place) ? new Set([...selected].filter(other => other !== place)) : new Set([...selected, place]));
      anchor = place;
      saySelection();
      return;
    }
    const isButton = document.activeElement?.tagName === "BUTTON" || document.activeElement?.tagName === "INPUT";
    if (key === "Enter") {
      if (isButton) return;
      event.preventDefault();
      finish();
      return;
    }
    const action = actionOf(low, document.activeElement?.closest?.(".question"));
    if (action) { event.preventDefault(); action(); }
  });

  function actionOf(key, set) {
    const question = set && study.videoQuestions.find(one => one.dimension === set.dataset.dimension);
    const side = study.compares ? { a: "left", b: "right", s: "same" }[key] : undefined;

    // A key too many while the whole video is answered must not change patches that are still selected.
    const isElsewhere = document.activeElement?.closest?.("#video, .panel > .footer");
    const toPatches = action => study.patchQuestions.length && !isElsewhere ? action
      : () => say(study.patchQuestions.length ? "G goes to the patches." : openQuestions().length ? "V goes to the next open question." : "Everything here is answered: Enter goes on.");
    if (side) {
      const open = question ?? (study.patchQuestions.length ? null : openQuestions()[0]);
      return open ? () => answerVideo(open, { choice: side }, nameOfSide(side)) : toPatches(() => choose(side));
    }
    if (!study.compares && /^[1-5]$/.test(key)) return question ? () => answerVideo(question, { grade: Number(key) }, `grade ${key}`) : toPatches(() => grade(Number(key)));
    if (key === "x") return question ? () => answerVideo(question, { cannotTell: true }, "cannot tell") : toPatches(cannotTell);
    const kind = !question && asksDefect() && study.defects.find(one => one.key === key);
    if (kind) return toPatches(() => defect(kind.defect));
    return {
      r: rest, g: focusGrid, v: nextQuestion, z: undo, k: () => play(!playing), ",": () => step(-1), ".": () => step(1), "?": openInstructions,
      h: () => { $("lines").checked = !$("lines").checked; render(); say($("lines").checked ? "The grid is shown." : "The grid is hidden."); },
      q: () => { if (study.patchQuestions.length > 1) { dimension = study.patchQuestions[(study.patchQuestions.indexOf(dimension) + 1) % study.patchQuestions.length]; say(dimension.title); render(); } },
      "0": () => loop(null), "[": () => loop(layer === null ? study.grid[0] - 1 : layer === 0 ? null : layer - 1), "]": () => loop(layer === null ? 0 : layer + 1 === study.grid[0] ? null : layer + 1),
      pageup: () => { if (index > 0) go(index - 1); }, pagedown: () => { if (index + 1 < items.length) go(index + 1); }, escape: () => { select(new Set()); saySelection(); },
    }[key];
  }

  function keys() {
    const patches = study.patchQuestions.length > 0;
    return [
      ...(patches ? [["G", "to the patches"], ["arrows", "from patch to patch"], ["Space", "select, let go"], ["Shift + arrows", "select several"], ["Ctrl + A", "select all"], ["Esc", "select none"]] : []),
      ...(study.compares ? [["A  B", "A, B is better"], ["S", "the same"]] : [["1 … 5", "grade"]]),
      ["X", "can't tell"],
      ...(patches && asksDefect() ? study.defects.map(one => [one.key.toUpperCase(), one.name]) : []),
      ...(patches ? [["R", study.compares ? "all others are the same" : "all others are fine"]] : []),
      ...(study.patchQuestions.length > 1 ? [["Q", "next question about patches"]] : []),
      ...(study.videoQuestions.length ? [["V", "next question about the whole"]] : []),
      ["[  ]", "part of the time"], ["0", "all of the time"], ["K", "pause, play"], [",  .", "one frame back, on"], ...(patches ? [["H", "hide or show the grid"]] : []),
      ["Z", "undo"], ["Enter", "done, next"], ["Page Up, Page Down", "previous, next item"], ["?", "these instructions"],
    ];
  }

  // ---- Instructions.
  const examples = [];

  function openInstructions() {
    if (!$("instructions").open) {
      $("instructions").showModal();
      $("instructions").scrollTop = 0;
    }
    if (!$("examples").childElementCount && study.patchQuestions.length && !study.compares) study.examples.forEach(buildExample);
  }

  async function buildExample(example, number) {
    const player = new Player({ ...example, frameEdges: [], rowEdges: [], columnEdges: [] }, `examples/${number}`, example.prompt);
    player.screen.classList.add("enlarged");
    $("examples").append(make("figure", {}, player.screen, make("figcaption", {}, make("q", {}, example.prompt), " ", example.caption)));
    const [times, rows, columns] = example.grid;
    const outlines = example.cells.map(cell => {
      const box = make("div", { class: "outline" });
      box.style.left = `${cell % columns / columns * 100}%`;
      box.style.top = `${Math.floor(cell / columns) % rows / rows * 100}%`;
      box.style.width = `${100 / columns}%`;
      box.style.height = `${100 / rows}%`;
      player.screen.append(box);
      return { box, time: Math.floor(cell / (rows * columns)) };
    });
    await player.load(() => true);
    examples.push(now => {
      if (!$("instructions").open) return;
      const frame = still ? (outlines[0]?.time ?? 0) * example.frames / times : Math.floor(now / 1000 * example.rate / 2) % example.frames;
      player.draw(frame);
      for (const { box, time } of outlines) box.hidden = Math.floor(frame * times / example.frames) !== time;
    });
  }

  function buildInstructions() {
    const defined = pairs => pairs.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]);
    $("introduction").replaceChildren(...study.introduction.map(text => make("p", {}, text)));
    $("grade-list").replaceChildren(...defined(study.grades.map(one => [String(one.grade), one.name])));
    $("grade-list").hidden = $("grade-list").previousElementSibling.hidden = study.compares;
    const asks = study.patchQuestions.some(one => one.kind === "defect") && !study.compares;
    $("defect-section").hidden = !asks;
    $("defect-list").replaceChildren(...defined(study.defects.map(one => [one.name, one.help])));
    $("example-section").hidden = study.compares || !study.patchQuestions.length;
    $("key-list").replaceChildren(...defined(keys()));
    $("close").addEventListener("click", () => $("instructions").close());
    $("instructions").addEventListener("close", () => { store("read", true); if (study.patchQuestions.length) focusGrid(); else nextQuestion(); });
  }

  async function begin() {
    study = await ask("study");
    items = await ask("items");
    dimension = study.patchQuestions[0] ?? null;
    document.title = `Annotation · ${study.annotator}`;
    $("annotator").textContent = study.annotator;
    $("simulated").hidden = !study.isSimulated;
    $("layers").hidden = study.grid[0] < 2 || !study.patchQuestions.length;
    $("layers").replaceChildren(button("all of the time", "0", () => loop(null)), ...[...Array(study.grid[0]).keys()].map(t => button(String(t + 1), null, () => loop(t), { "aria-label": `time ${t + 1} of ${study.grid[0]}` })));
    $("lines").parentElement.hidden = !study.patchQuestions.length;
    buildPanel();
    buildInstructions();
    for (const [id, action] of [["help", openInstructions], ["undo", undo], ["next", finish], ["rest", rest], ["play", () => play(!playing)], ["back", () => step(-1)], ["forward", () => step(1)]]) $(id).addEventListener("click", action);
    $("previous").addEventListener("click", () => { if (index > 0) go(index - 1); });
    $("skip").addEventListener("click", () => { if (index + 1 < items.length) go(index + 1); });
    $("lines").addEventListener("change", render);
    addEventListener("resize", layout);
    addEventListener("online", () => wake());
    addEventListener("beforeunload", event => { if (memory.size && waiting().length) event.preventDefault(); });
    play(playing);
    $("main").hidden = false;
    flush();
    requestAnimationFrame(tick);
    const known = items.findIndex(one => one.id === stored("at", null));
    await go(known >= 0 ? known : Math.max(0, items.findIndex(one => !one.isDone)));
  }

  begin().then(() => { if (!stored("read", false)) openInstructions(); }, error => tell(error.message));
})();
