"use strict";

SwaggerUIBundle({
  dom_id: "#docs",
  url: document.getElementById("docs").dataset.url,
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
});
