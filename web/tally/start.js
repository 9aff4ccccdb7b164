// Where the page does not come to life, it says so. Not a module: what fails may be one of those.

addEventListener(
  "error",
  ({ target }) => {
    const waiting = document.getElementById("waiting");
    // Without a style sheet, or the library of the charts, the page works.
    const isFatal = target === window || (target.tagName === "SCRIPT" && target.type === "module");
    if (waiting !== null && isFatal) {
      waiting.hidden = true;
      document.getElementById("broken").hidden = false;
    }
  },
  true,
);
