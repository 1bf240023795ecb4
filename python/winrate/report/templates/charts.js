const figures = {{ figures }};
const config = {displayModeBar: false, responsive: true};
for (const [name, figure] of Object.entries(figures))
  Plotly.newPlot(name + "-chart", figure.data, figure.layout, config);
const resize = (size) => Object.keys(figures).forEach(
  (name) => Plotly.relayout(name + "-chart", size));
// Narrower on paper.
addEventListener("beforeprint", () => resize({autosize: false, width: 680}));
addEventListener("afterprint", () => resize({autosize: true, width: null}));
