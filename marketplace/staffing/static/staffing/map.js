// Draws villages and lawyers' offices by longitude and latitude; without scripts the tables say the same.
(() => {
  const figure = document.querySelector("[data-staffing-map]");
  if (!figure) return;
  if (!window.echarts) { figure.remove(); return; }
  const words = document.getElementById("map-words").dataset;
  const plot = figure.querySelector(".plot");
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // Shapes tell the statuses apart as well as colours do.
  const kinds = [
    ["served", "circle", "--pine-2", 7, true], ["asked", "diamond", "--gold", 10, true], ["gained", "diamond", "--gold", 13, true],
    ["lost", "triangle", "--seal", 12, true],
    ["empty", "rect", "--seal", 8, false],
  ];
  const draw = (chart, data) => {
    const ink = token("--ink-2"), paper = token("--paper");
    const all = [...Object.values(data.villages).flat(), ...data.advisers];
    const span = (at) => { const values = all.map((row) => row[at]); return [Math.min(...values), Math.max(...values)]; };
    const axis = ([low, high]) => {
      const room = Math.max((high - low) * 0.05, 0.01);
      return {
        type: "value", min: +(low - room).toFixed(3), max: +(high + room).toFixed(3), scale: true, splitNumber: 4,
        axisLabel: { color: ink, showMinLabel: false, showMaxLabel: false, formatter: (value) => `${value.toFixed(2)}°` }, splitLine: { lineStyle: { color: token("--line-2") } },
      };
    };
    const series = kinds.filter(([key]) => data.villages[key] && (key === "served" || data.villages[key].length)).map(([key, symbol, color, size, full]) => ({
      name: `${words[key]} ${data.villages[key].length}`, type: "scatter", symbol, symbolSize: size, data: data.villages[key],
      itemStyle: { color: full ? token(color) : "transparent", borderColor: full ? paper : token(color), borderWidth: full ? 0.5 : 2 },
    }));
    series.push({
      name: `${words.advisers} ${data.advisers.length}`, type: "scatter", symbol: "path://M0 -1L.3 -.3L1 0L.3 .3L0 1L-.3 .3L-1 0L-.3 -.3Z",
      symbolSize: 16, data: data.advisers, itemStyle: { color: token("--ink"), borderColor: paper, borderWidth: 1 }, z: 3,
    });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
      tooltip: { trigger: "item", formatter: ({ data: row }) => [row[2], row[3]].filter(Boolean).map(window.echarts.format.encodeHTML).join("<br>") },
      legend: { bottom: 0, itemWidth: 14, itemHeight: 12, textStyle: { color: ink } },
      grid: { left: 8, right: 16, top: 8, bottom: plot.clientWidth < 480 ? 84 : 44, containLabel: true },
      xAxis: axis(span(0)), yAxis: axis(span(1)), series,
    }, true);
  };
  fetch(figure.dataset.staffingMap, { headers: { Accept: "application/json" } }).then((answer) => {
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  }).then((data) => {
    plot.style.height = "26rem";
    const chart = window.echarts.init(plot, null, { renderer: "canvas" });
    draw(chart, data);
    window.addEventListener("resize", () => { chart.resize(); draw(chart, data); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(chart, data));
  }).catch(() => figure.remove());
})();
