(() => {
  if (window.haloPlotly) return;

  // Loaders of pages (RequireJS in the classic notebook) would take the library for themselves: it must not see their names.
  window.haloPlotly = (async () => {
    const packed = Uint8Array.from(atob("__LIBRARY__"), letter => letter.charCodeAt(0));
    const text = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    const script = document.createElement("script");
    script.textContent = `(function(define, module, exports) {${text}\n}).call(window);`;
    document.head.append(script);
    return window.Plotly;
  })();

  const style = (element, name) => getComputedStyle(element).getPropertyValue(name);

  // Variables that hold light-dark() are colours only where they are used.
  function colours(figure) {
    const probe = figure.appendChild(document.createElement("span"));
    const colour = name => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
    const found = { ink: colour("--ink"), soft: colour("--soft"), grid: colour("--grid"), line: colour("--line"), paper: colour("--paper"), series: [1, 2, 3, 4, 5, 6].map(i => colour(`--series${i}`)) };
    probe.remove();
    return found;
  }

  // The template is what a chart looks like where it does not say so itself.
  function themed(figure, layout) {
    const { ink, soft, grid, line, paper, series } = colours(figure);
    const axis = { gridcolor: grid, linecolor: line, zerolinecolor: line, tickcolor: line, tickfont: { color: soft }, title: { font: { color: soft } } };
    const given = layout.template?.layout ?? {};
    const dressed = name => ({ ...given[name], ...axis, automargin: true });
    const flat = { bgcolor: "rgba(0,0,0,0)" };
    const template = {
      ...layout.template,
      layout: {
        ...given, margin: { t: layout.title ? 56 : 24, r: 24, b: 40, l: 48, pad: 4 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", colorway: series, font: { color: ink, family: style(figure, "font-family"), size: 12 },
        xaxis: dressed("xaxis"), yaxis: dressed("yaxis"), polar: { ...flat, angularaxis: axis, radialaxis: axis },
        scene: { xaxis: { ...axis, backgroundcolor: "rgba(0,0,0,0)" }, yaxis: { ...axis, backgroundcolor: "rgba(0,0,0,0)" }, zaxis: { ...axis, backgroundcolor: "rgba(0,0,0,0)" } },
        hoverlabel: { bgcolor: paper, bordercolor: line, font: { color: ink } }, legend: { bgcolor: "rgba(0,0,0,0)" }, modebar: { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: ink },
      },
    };
    return { ...layout, template };
  }

  async function draw(figure) {
    figure.dataset.ready = "true";
    const { data, layout, config } = JSON.parse(figure.querySelector("script").textContent);
    const plotly = await window.haloPlotly;
    const place = figure.appendChild(document.createElement("div"));
    const settings = { displaylogo: false, topojsonURL: "data:,", ...config, responsive: true };
    const show = () => plotly.react(place, data, themed(figure, structuredClone(layout)), settings);
    await show();
    figure.querySelector(".halo-stillness").hidden = true;
    figure.dataset.drawn = "true";
    const again = () => { if (figure.isConnected) show(); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new MutationObserver(again).observe(document.body, { attributes: true, attributeFilter: ["class", "data-jp-theme-light"] });
  }

  const drawAll = () => document.querySelectorAll(".halo-plotly:not([data-ready])").forEach(draw);
  new MutationObserver(drawAll).observe(document.documentElement, { childList: true, subtree: true });
  drawAll();
})();
