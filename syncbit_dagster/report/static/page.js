"use strict";
// The plotting library is packed below the page; nothing is ever fetched.
(async () => {
  const read = (id) => document.getElementById(id).textContent;
  const figures = JSON.parse(read("figures"));
  const dark = JSON.parse(read("dark"));

  const packed = Uint8Array.from(atob(read("library")), (c) => c.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const library = document.createElement("script");
  library.textContent = await new Response(unpacked).text();
  document.head.append(library);

  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  // A finger that moves over a plot scrolls the page; a mouse zooms.
  const dragmode = matchMedia("(pointer: fine)").matches ? "zoom" : false;
  const config = { responsive: true, displayModeBar: false, showTips: false, doubleClick: "reset" };

  const draw = (id, isDark) => {
    const text = figures[id];
    const coloured = isDark ? text.replace(/#[0-9a-f]{6}/g, (c) => dark[c] ?? c) : text;
    const figure = JSON.parse(coloured);
    return Plotly.react(id, figure.data, { ...figure.layout, dragmode }, config);
  };
  const drawAll = (isDark) => Promise.all(Object.keys(figures).map((id) => draw(id, isDark)));

  // One after the other, so that the first plots are seen while the last ones are drawn.
  for (const id of Object.keys(figures)) {
    await draw(id, prefersDark.matches);
    await new Promise((resolve) => setTimeout(resolve));
  }
  document.documentElement.dataset.drawn = Object.keys(figures).length;
  prefersDark.addEventListener("change", () => drawAll(prefersDark.matches));
  addEventListener("beforeprint", () => drawAll(false));
  addEventListener("afterprint", () => drawAll(prefersDark.matches));
})();
