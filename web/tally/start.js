// Where a part of the page does not arrive, it says so. Not a module: what fails may be one of those.

addEventListener(
  "error",
  ({ target }) => {
    const { tagName = "", type = "" } = target ?? {};
    if (tagName === "SCRIPT" && type === "module") {
      document.getElementById("waiting").hidden = true;
      document.getElementById("broken").hidden = false;
    }
  },
  true,
);
