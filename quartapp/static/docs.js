"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");

function followColours() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

dark.addEventListener("change", followColours);
followColours();

SwaggerUIBundle({
  dom_id: "#docs",
  url: document.getElementById("docs").dataset.url,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
});
