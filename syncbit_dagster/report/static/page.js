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

  const draw = (isDark) =>
    Promise.all(
      Object.entries(figures).map(([id, text]) => {
        const coloured = isDark ? text.replace(/#[0-9a-f]{6}/g, (c) => dark[c] ?? c) : text;
        const figure = JSON.parse(coloured);
        return Plotly.react(id, figure.data, { ...figure.layout, dragmode }, config);
      }),
    );

  await draw(prefersDark.matches);
  document.documentElement.dataset.drawn = Object.keys(figures).length;
  prefersDark.addEventListener("change", () => draw(prefersDark.matches));
  addEventListener("beforeprint", () => draw(false));
  addEventListener("afterprint", () => draw(prefersDark.matches));
})();
