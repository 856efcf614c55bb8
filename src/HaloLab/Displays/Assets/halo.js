(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const numbers = text => text.split(" ").map(Number);
  const cellAt = (edges, place) => {
    let cell = 0;
    while (cell < edges.length - 2 && edges[cell + 1] <= place) cell++;
    return cell;
  };

  function prepare(player) {
    player.dataset.ready = "true";
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
      if (now !== tick) show(now);
      timer = requestAnimationFrame(run);
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
      const title = clip.element.querySelector(".halo-title").textContent;
      readout.textContent = `${title} · time ${t + 1}, row ${h + 1}, column ${w + 1}: ${Number.isNaN(value) ? "no value" : value}`;
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
    show(0);
    if (ticks > 1) play(!still);
  }

  document.querySelectorAll(".halo-player:not([data-ready])").forEach(prepare);
})();
