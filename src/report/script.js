// A readout for the charts over time: under the pointer, under a finger, or by the arrow keys. The page is complete without it.
for (const figure of document.querySelectorAll("figure.hover")) {
  const units = {
    money: { maximumFractionDigits: 0 },
    percent: { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 },
    ratio: { minimumFractionDigits: 1, maximumFractionDigits: 1 },
  };
  const numbers = new Intl.NumberFormat("en-US", { signDisplay: "negative", ...units[figure.dataset.unit] });
  const write = (value) => numbers.format(value).replace("-", "\u2212");
  const caption = figure.querySelector("figcaption") || figure.insertBefore(document.createElement("figcaption"), figure.firstChild);
  const readout = caption.appendChild(document.createElement("span"));
  readout.className = "readout";
  readout.setAttribute("aria-live", "polite");
  readout.textContent = "\u00a0";
  for (const svg of figure.querySelectorAll("svg")) follow(svg, readout, write);
}

function follow(svg, readout, write) {
  const [left, right, top, bottom] = svg.dataset.plane.split(" ").map(Number);
  const [from, to, low, high] = svg.dataset.range.split(" ").map(Number);
  const names = { "s-strategy": "strategy", "s-benchmark": "buy and hold" };
  const lines = [...svg.querySelectorAll("polyline.s-strategy, polyline.s-benchmark")].map((line) => ({
    name: names[line.classList[0]],
    points: line.getAttribute("points").trim().split(" ").map((pair) => pair.split(",").map(Number)),
  })).reverse();
  if (!lines.length) return;
  const rule = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "line"));
  for (const [name, value] of [["class", "s-muted"], ["stroke-width", 10], ["y1", top], ["y2", bottom]]) rule.setAttribute(name, value);
  rule.style.display = "none";
  let x = right;
  const show = (to_x) => {
    x = Math.min(Math.max(to_x, left), right);
    rule.setAttribute("x1", x);
    rule.setAttribute("x2", x);
    rule.style.display = "";
    const day = new Date((from + (x - left) / (right - left) * (to - from)) * 1000).toISOString().slice(0, 10);
    const values = lines.filter((line) => x >= line.points[0][0] - 10).map((line) => {
      const value = low + (bottom - nearest(line.points, x)[1]) / (bottom - top) * (high - low);
      return (lines.length > 1 ? line.name + " " : "") + "\u2248 " + write(value);
    });
    readout.textContent = [day, ...values].join(" \u00b7 ");
  };
  const hide = () => {
    rule.style.display = "none";
    readout.textContent = "\u00a0";
  };
  const pointed = (event) => show(new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x);
  const step = (right - left) / 100;
  svg.tabIndex = 0;
  svg.addEventListener("pointermove", pointed);
  svg.addEventListener("pointerdown", pointed);
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const target = { ArrowLeft: x - step, ArrowRight: x + step, Home: left, End: right }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    show(target);
  });
}

function nearest(points, x) {
  let lo = 0, hi = points.length - 1;
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if (points[mid][0] <= x) lo = mid; else hi = mid;
  }
  return x - points[lo][0] < points[hi][0] - x ? points[lo] : points[hi];
}
