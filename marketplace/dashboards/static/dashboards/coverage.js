// Draws the coverage chart from the numbers that the page carries; without scripts the table says the same.
(() => {
  const figure = document.querySelector("[data-coverage-chart]");
  if (!figure) return;
  if (!window.echarts) { figure.remove(); return; }
  const data = JSON.parse(document.getElementById(figure.dataset.coverageChart).textContent);
  const words = document.getElementById("coverage-words").dataset;
  const plot = figure.querySelector(".plot");
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const served = data.names.map((_, i) => data.contract[i] + data.volunteer[i] + data.vacant[i]);
  // Where nothing is bought anywhere, bars of one colour tell nothing: show the areas where something is.
  const shown = data.names.map((_, i) => i).filter((i) => served[i] > 0);
  if (!shown.length) { figure.remove(); return; }
  const pick = (values) => shown.map((i) => values[i]);
  plot.style.height = `${Math.max(10, 4.5 + shown.length * 2.1)}rem`;
  const chart = window.echarts.init(plot, null, { renderer: "svg" });
  // On a phone the legend takes two lines.
  const narrow = () => plot.clientWidth < 480;
  const draw = () => {
    const ink = token("--ink-2");
    const series = [
      ["contract", token("--pine-2")], ["volunteer", token("--gold")], ["vacant", token("--seal")], ["none", token("--line")],
    ].map(([key, color]) => ({ name: words[key], type: "bar", stack: "villages", data: pick(data[key]), itemStyle: { color }, barMaxWidth: 22 }));
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
      legend: { bottom: 0, textStyle: { color: ink } },
      grid: { left: 8, right: 24, top: 8, bottom: narrow() ? 64 : 40, containLabel: true },
      xAxis: { type: "value", axisLabel: { color: ink }, splitLine: { lineStyle: { color: token("--line-2") } } },
      yAxis: { type: "category", inverse: true, data: pick(data.names), axisLabel: { color: ink }, axisTick: { show: false } },
      series,
    }, true);
  };
  draw();
  chart.on("click", (event) => { location.href = new URL(`/coverage/${pick(data.codes)[event.dataIndex]}/`, location.origin); });
  window.addEventListener("resize", () => { chart.resize(); draw(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
