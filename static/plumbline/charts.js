// Draws each chart of a page from the table behind it: what the table says is what the chart shows.
"use strict";

const INKS = ["--good", "--warn", "--bad", "--accent", "--muted", "--ink"];
const DASHES = [[], [7, 4], [2, 3]];

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const number = new Intl.NumberFormat(document.documentElement.lang || "en", { maximumFractionDigits: 4 });

/** The table's columns as numbers, one place for each step of the time asked for; nothing happened where it has no row. */
function read(chart) {
  const table = document.getElementById(chart.dataset.table);
  const { start, end, step } = Object.fromEntries(["start", "end", "step"].map((name) => [name, Number(chart.dataset[name])]));
  const first = Math.floor(start / step) * step;
  const times = Array.from({ length: Math.ceil((end - first) / step) }, (_, place) => first + place * step);
  const names = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent.trim());
  const nothing = chart.dataset.chart === "bars" ? 0 : null;
  const columns = names.map(() => times.map(() => nothing));
  for (const row of table.tBodies[0].rows) {
    const place = Math.round((Number(row.dataset.at) - first) / step);
    [...row.cells].slice(1).forEach((cell, column) => {
      if (place in times && cell.dataset.value !== "") columns[column][place] = Number(cell.dataset.value);
    });
  }
  return { times, names, columns };
}

/** Stacked bars: only the parts are drawn, not what is a sum or a part of other columns. */
const drawn = { "numbers-outcomes": 4 };

function bars({ times, names, columns }, id) {
  const parts = columns.slice(0, drawn[id] ?? columns.length);
  const stacked = parts.map((_, last) => times.map((__, place) => parts.slice(0, last + 1).reduce((sum, one) => sum + one[place], 0)));
  // The tallest first, so that each lower one is drawn over it.
  const order = parts.map((_, column) => column).reverse();
  const series = order.map((column) => ({
    label: names[column],
    fill: css(parts.length > 2 ? INKS[column] : INKS[3 + column]),
    stroke: css("--card"),
    width: 1,
    points: { show: false },
    paths: uPlot.paths.bars({ size: [0.7, 40] }),
    value: (_, __, ___, place) => (place === null ? "–" : number.format(parts[column][place])),
  }));
  return { data: [times, ...order.map((column) => stacked[column])], series };
}

function lines({ times, names, columns }) {
  const half = names.length / 2;
  const series = names.map((label, column) => ({
    label,
    stroke: css(column < half ? "--accent" : "--warn"),
    dash: DASHES[column % half],
    width: 2,
    spanGaps: true,
    points: { show: times.length < 40, size: 5 },
    value: (_, value) => (value === null ? "–" : `${number.format(value)} ms`),
  }));
  return { data: [times, ...columns], series };
}

function options(chart, series, width) {
  const axis = { stroke: css("--muted"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 } };
  return {
    width,
    height: 240,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { drag: { setScale: false }, y: false },
    scales: { x: { time: true, range: (_, low, high) => [low - chart.dataset.step / 2, high + chart.dataset.step / 2] }, y: { range: { min: { hard: 0, soft: 0, mode: 1 }, max: { pad: 0.1 } } } },
    axes: [axis, { ...axis, size: 70, values: (_, ticks) => ticks.map((tick) => number.format(tick)) }],
    series: [{ label: "UTC", value: chart.dataset.step < 86400 ? "{YYYY}-{MM}-{DD} {HH}:{mm}" : "{YYYY}-{MM}-{DD}" }, ...series],
  };
}

function draw(chart) {
  const read_ = read(chart);
  const { data, series } = chart.dataset.chart === "bars" ? bars(read_, chart.dataset.table) : lines(read_);
  chart.plot?.destroy();
  chart.plot = new uPlot(options(chart, series, chart.clientWidth), data, chart);
}

const charts = [...document.querySelectorAll("[data-chart]")];
for (const chart of charts) {
  chart.hidden = false;
  draw(chart);
  chart.parentElement.querySelector("details.numbers-behind").open = false;
  new ResizeObserver(() => {
    if (chart.plot.width !== chart.clientWidth) chart.plot.setSize({ width: chart.clientWidth, height: 240 });
  }).observe(chart);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach(draw));
