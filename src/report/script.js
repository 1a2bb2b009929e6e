// A readout for the equity chart. The page is complete without it.
for (const svg of document.querySelectorAll("figure.hover svg")) {
  const [left, right, top, bottom] = svg.dataset.plane.split(" ").map(Number);
  const [from, to, low, high] = svg.dataset.range.split(" ").map(Number);
  const lines = [...svg.querySelectorAll("polyline.s-strategy, polyline.s-benchmark")].map((line) => ({
    name: line.classList.contains("s-strategy") ? "strategy" : "buy and hold",
    points: line.getAttribute("points").trim().split(" ").map((pair) => pair.split(",").map(Number)),
  })).reverse();
  if (!lines.length) continue;
  const ns = "http://www.w3.org/2000/svg";
  const rule = svg.appendChild(document.createElementNS(ns, "line"));
  rule.setAttribute("class", "s-muted");
  rule.setAttribute("stroke-width", "10");
  rule.setAttribute("y1", top);
  rule.setAttribute("y2", bottom);
  rule.style.display = "none";
  const readout = svg.parentNode.insertBefore(document.createElement("p"), svg);
  readout.className = "readout " + svg.getAttribute("class");
  readout.textContent = "\u00a0";
  const money = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const nearest = (points, x) => {
    let lo = 0, hi = points.length - 1;
    while (hi - lo > 1) {
      const mid = (lo + hi) >> 1;
      if (points[mid][0] <= x) lo = mid; else hi = mid;
    }
    return x - points[lo][0] < points[hi][0] - x ? points[lo] : points[hi];
  };
  svg.addEventListener("pointermove", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const x = Math.min(Math.max(at.x, left), right);
    const day = new Date((from + (x - left) / (right - left) * (to - from)) * 1000).toISOString().slice(0, 10);
    const values = lines.map((line) => {
      const y = nearest(line.points, x)[1];
      return line.name + " " + money.format(low + (bottom - y) / (bottom - top) * (high - low));
    });
    rule.setAttribute("x1", x);
    rule.setAttribute("x2", x);
    rule.style.display = "";
    readout.textContent = day + " \u00b7 " + values.join(" \u00b7 ");
  });
  svg.addEventListener("pointerleave", () => {
    rule.style.display = "none";
    readout.textContent = "\u00a0";
  });
}
