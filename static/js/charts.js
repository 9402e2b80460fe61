/* Charts: <canvas data-chart="ID"> draws the JSON block with that id. Colours come from the legend's swatches, so a
   colour is defined once, in CSS. Shape of the JSON (mailwatch/charts.py):
   {"labels": [...], "has_hours": true, "series": [{"outcome": "delivered", "label": "Delivered", "values": [...]}],
    "links": ["/search/?..." or null for each label], "mark": {"at": 54, "text": "..."} or null} */
"use strict";
(() => {
  const ink = (name) => {
    const probe = document.createElement("span");
    probe.className = "swatch " + name;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };
  const read = (element, property) => getComputedStyle(element)[property];

  /* A pattern per outcome: the chart can be read without seeing colour, and on paper. */
  const fill = (context, outcome, colour, ground) => {
    const size = { deferred: 6, bounced: 5, rejected: 4 }[outcome];
    if (!size) return colour;
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const pen = tile.getContext("2d");
    pen.fillStyle = ground; pen.fillRect(0, 0, size, size);
    pen.strokeStyle = pen.fillStyle = colour;
    if (outcome === "deferred") { pen.lineWidth = 2; for (const x of [-size, 0, size]) { pen.beginPath(); pen.moveTo(x, size); pen.lineTo(x + size, 0); pen.stroke(); } }
    if (outcome === "bounced") { pen.fillRect(0, 0, size - 1, size); }
    if (outcome === "rejected") { pen.globalAlpha = .28; pen.fillRect(0, 0, size, size); }
    return context.createPattern(tile, "repeat");
  };

  /* One vertical line with a word: where the attack begins. */
  const mark = {
    id: "mark",
    afterDatasetsDraw(chart) {
      const at = chart.config.data.mark;
      if (!at) return;
      const x = chart.scales.x.getPixelForValue(at.at) - chart.scales.x.width / chart.data.labels.length / 2;
      const { top, bottom } = chart.chartArea;
      const pen = chart.ctx;
      pen.save();
      pen.strokeStyle = pen.fillStyle = Chart.defaults.color;
      pen.setLineDash([3, 3]);
      pen.beginPath(); pen.moveTo(x, top); pen.lineTo(x, bottom); pen.stroke();
      pen.font = "12px " + Chart.defaults.font.family;
      const isRight = x > chart.width / 2;
      pen.textAlign = isRight ? "right" : "left";
      pen.fillText(at.text, x + (isRight ? -6 : 6), top + 10);
      pen.restore();
    },
  };

  /* Many hours: name the day at midnight, and noon where there is room. */
  function halfDays(value) {
    const label = this.getLabelForValue(value), hour = label.slice(-5), day = label.slice(0, -5).replace(/[, ]+$/, ""); // "Wed 9, 06:41"
    const isNarrow = this.width / this.ticks.length < 6;
    return hour === "00:00" ? day : hour === "12:00" && !isNarrow ? "12:00" : null;
  }

  const draw = (canvas) => {
    const block = document.getElementById(canvas.dataset.chart);
    if (!block) return; // a row that was closed before it was drawn
    const shape = JSON.parse(block.textContent);
    const panel = canvas.closest(".panel") || document.body;
    const ground = read(panel, "backgroundColor");
    Chart.defaults.color = read(panel.querySelector(".muted") || panel, "color");
    Chart.defaults.font.family = read(document.documentElement, "fontFamily");
    Chart.defaults.font.size = 12;
    Chart.defaults.locale = document.documentElement.lang;
    const grid = read(panel, "borderTopColor");
    const isLong = shape.labels.length > 30;
    Chart.getChart(canvas)?.destroy();
    new Chart(canvas, {
      type: "bar",
      data: {
        labels: shape.labels,
        mark: shape.mark,
        datasets: shape.series.map((series) => {
          const colour = ink(series.outcome);
          return { label: series.label, data: series.values, backgroundColor: fill(canvas.getContext("2d"), series.outcome, colour, ground), borderColor: colour, borderWidth: { top: 1 }, categoryPercentage: 1, barPercentage: isLong ? .86 : .72 };
        }),
      },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        plugins: { legend: { display: false }, tooltip: { animation: false, itemSort: (a, b) => b.datasetIndex - a.datasetIndex } },
        scales: {
          x: { stacked: true, grid: { display: false }, border: { color: grid }, ticks: isLong && shape.has_hours ? { maxRotation: 0, autoSkip: false, callback: halfDays } : { maxRotation: 0, autoSkipPadding: 18 } },
          y: { stacked: true, beginAtZero: true, border: { display: false }, grid: { color: grid }, ticks: { maxTicksLimit: 5, precision: 0 } },
        },
        onHover: (_, bars) => { canvas.style.cursor = bars[0] && shape.links?.[bars[0].index] ? "pointer" : ""; },
        onClick: (_, bars) => { const to = bars[0] && shape.links?.[bars[0].index]; if (to) location.assign(to); },
      },
      plugins: [mark],
    });
  };

  const all = (root) => root.querySelectorAll("canvas[data-chart]").forEach(draw);
  document.fonts.ready.then(() => all(document));
  document.addEventListener("htmx:load", (event) => { if (event.detail.elt !== document.body) all(event.detail.elt); });
  document.addEventListener("htmx:beforeCleanupElement", (event) => { if (event.detail.elt.matches?.("canvas[data-chart]")) Chart.getChart(event.detail.elt)?.destroy(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all(document));
  matchMedia("print").addEventListener("change", () => all(document)); // paper is light
  /* a chart inside a closed disclosure has no size yet */
  document.addEventListener("toggle", (event) => { if (event.target.open) event.target.querySelectorAll("canvas[data-chart]").forEach((canvas) => Chart.getChart(canvas)?.resize()); }, true);
})();
