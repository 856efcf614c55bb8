(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const numbers = text => text.split(" ").map(Number);
  const cellAt = (edges, place) => {
    let cell = 0;
    while (cell < edges.length - 2 && edges[cell + 1] <= place) cell++;
    return cell;
  };

  function preparePlayer(player) {
    const clips = [...player.querySelectorAll(".halo-clip")].map(element => ({
      element,
      frames: Number(element.dataset.frames),
      rate: Number(element.dataset.rate),
      strip: element.querySelector(".halo-strip"),
      screen: element.querySelector(".halo-screen"),
      frame: 0,
    }));
    const rate = Math.max(...clips.map(clip => clip.rate));
    const seconds = Math.max(...clips.map(clip => clip.frames / clip.rate));
    const ticks = Math.max(1, Math.round(seconds * rate));
    const button = player.querySelector(".halo-play");
    const scrubber = player.querySelector(".halo-scrubber");
    const frame = player.querySelector(".halo-frame");
    const opacity = player.querySelector(".halo-opacity");
    const readout = player.querySelector(".halo-readout");
    let playing = false, started = 0, tick = 0, timer = 0;

    function show(next) {
      tick = next;
      scrubber.value = next;
      frame.textContent = `${next + 1} / ${ticks}`;
      for (const clip of clips) {
        clip.frame = Math.min(clip.frames - 1, Math.floor((next + 0.5) / rate * clip.rate));
        clip.strip.style.setProperty("--frame", clip.frame);
        if (clip.pointer) read(clip, clip.pointer);
      }
    }

    function run() {
      const now = Math.floor((performance.now() - started) / 1000 * rate) % ticks;
      if (now !== tick && player.offsetParent !== null) show(now);
      if (player.isConnected) timer = requestAnimationFrame(run);
      else play(false);
    }

    function play(on) {
      playing = on;
      button.textContent = on ? "Pause" : "Play";
      cancelAnimationFrame(timer);
      if (on) {
        started = performance.now() - tick / rate * 1000;
        run();
      }
    }

    function read(clip, pointer) {
      const rows = numbers(clip.element.dataset.rows), columns = numbers(clip.element.dataset.columns);
      const t = numbers(clip.element.dataset.layers)[clip.frame];
      const h = cellAt(rows, pointer.y), w = cellAt(columns, pointer.x);
      const value = numbers(clip.element.dataset.values)[(t * (rows.length - 1) + h) * (columns.length - 1) + w];
      readout.textContent = `${clip.element.dataset.title} · time ${t + 1}, row ${h + 1}, column ${w + 1}: ${Number.isNaN(value) ? "no value" : value}`;
      Object.assign(clip.mark.style, {
        left: `${columns[w] * 100}%`, width: `${(columns[w + 1] - columns[w]) * 100}%`,
        top: `${rows[h] * 100}%`, height: `${(rows[h + 1] - rows[h]) * 100}%`,
      });
    }

    for (const clip of clips.filter(clip => clip.element.dataset.values)) {
      clip.mark = clip.screen.appendChild(document.createElement("div"));
      clip.mark.className = "halo-mark";
      const point = event => {
        const box = clip.screen.getBoundingClientRect();
        clip.pointer = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
        read(clip, clip.pointer);
      };
      clip.screen.addEventListener("pointermove", point);
      clip.screen.addEventListener("pointerdown", point);
      clip.screen.addEventListener("pointerleave", () => { clip.pointer = null; });
    }

    scrubber.max = ticks - 1;
    scrubber.addEventListener("input", () => { play(false); show(Number(scrubber.value)); });
    button.addEventListener("click", () => play(!playing));
    opacity?.addEventListener("input", () => player.style.setProperty("--heat", opacity.value / 100));
    player.querySelector(".halo-controls").hidden = false;
    prepareSplit(player);
    show(0);
    if (ticks > 1) play(!still);
  }

  function prepareSplit(player) {
    const split = player.querySelector(".halo-split"), stack = player.querySelector(".halo-stack");
    if (!split) return;
    const move = share => stack.style.setProperty("--split", share);
    const drag = event => {
      const box = stack.getBoundingClientRect();
      split.value = Math.round((event.clientX - box.left) / box.width * 100);
      move(split.value);
    };
    split.hidden = false;
    split.addEventListener("input", () => move(split.value));
    stack.addEventListener("pointerdown", drag);
    stack.addEventListener("pointermove", event => { if (event.buttons & 1) drag(event); });
    stack.addEventListener("dragstart", event => event.preventDefault());
  }

  function prepareTable(table) {
    const body = table.tBodies[0], headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const key = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const sort = () => {
        const down = header.getAttribute("aria-sort") === "ascending";
        headers.forEach(other => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", down ? "descending" : "ascending");
        const numeric = header.classList.contains("halo-number");
        const rows = [...body.rows].map(row => ({ row, key: key(row), missing: row.cells[column].dataset.value === "" }));
        rows.sort((a, b) => a.missing - b.missing
          || (down ? -1 : 1) * (numeric ? a.key - b.key : a.key.localeCompare(b.key, undefined, { numeric: true })));
        body.append(...rows.map(item => item.row));
      };
      header.tabIndex = 0;
      header.addEventListener("click", sort);
      header.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); } });
    });
    table.classList.add("halo-sortable");
  }

  function prepareCards(cards) {
    const all = [...cards.querySelectorAll(".halo-card")];
    const size = Number(cards.dataset.page);
    const search = cards.querySelector(".halo-search"), verdict = cards.querySelector(".halo-verdict");
    const back = cards.querySelector(".halo-back"), next = cards.querySelector(".halo-next"), count = cards.querySelector(".halo-count");
    let page = 0;
    function show(wanted) {
      const words = search.value.toLowerCase().split(/\s+/).filter(word => word);
      const found = all.filter(card => words.every(word => card.dataset.text.includes(word)) && (!verdict.value || card.dataset.verdict.split(" ").includes(verdict.value)));
      const pages = Math.max(1, Math.ceil(found.length / size));
      page = Math.min(Math.max(0, wanted), pages - 1);
      const shown = new Set(found.slice(page * size, (page + 1) * size));
      all.forEach(card => { card.hidden = !shown.has(card); });
      count.textContent = found.length === 0 ? "no pair matches" : `page ${page + 1} of ${pages}, ${found.length} of ${all.length} pairs`;
      [back.disabled, next.disabled] = [page === 0, page === pages - 1];
    }
    search.addEventListener("input", () => show(0));
    verdict.addEventListener("change", () => show(0));
    back.addEventListener("click", () => show(page - 1));
    next.addEventListener("click", () => show(page + 1));
    search.closest(".halo-controls").hidden = false;
    show(0);
  }

  // Each once: a notebook has this script with every output. Some front ends run it before the output is part of the page.
  function prepareAll() {
    for (const [selector, prepare] of [[".halo-player", preparePlayer], [".halo-table", prepareTable], [".halo-cards", prepareCards]]) {
      for (const element of document.querySelectorAll(`${selector}:not([data-ready])`)) {
        element.dataset.ready = "true";
        prepare(element);
      }
    }
  }

  prepareAll();
  requestAnimationFrame(prepareAll);
})();
