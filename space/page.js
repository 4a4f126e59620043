// Links the boxes of a figure with the words of its text, takes pasted images, and hands over downloads.
// Elements are found by the data attributes that figure_view.py writes; nothing is fetched.
(() => {
  const characters = (figure) =>
    [...document.querySelectorAll("button[data-character]")].filter((button) => button.dataset.figure === figure);
  const isBox = (button) => button.classList.contains("box");
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  const clear = () =>
    document.querySelectorAll('button[data-character][aria-pressed="true"]').forEach((button) => {
      button.setAttribute("aria-pressed", "false");
    });

  // Mark a reference character wherever it stands, and show the first place on the other side.
  const select = (chosen) => {
    const wasPressed = chosen.getAttribute("aria-pressed") === "true";
    clear();
    if (wasPressed) return;
    const same = characters(chosen.dataset.figure).filter(
      (button) => button.dataset.character === chosen.dataset.character
    );
    same.forEach((button) => button.setAttribute("aria-pressed", "true"));
    const other = same.find((button) => isBox(button) !== isBox(chosen));
    other?.scrollIntoView({ block: "nearest", inline: "nearest", behavior: calm() ? "auto" : "smooth" });
  };

  const enlarge = (button) => {
    const enlarged = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(enlarged));
    button.closest(".figure-tools").nextElementSibling.classList.toggle("enlarged", enlarged);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches("[data-character]")) select(button);
    else if (button?.matches(".enlarge")) enlarge(button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
  });

  // A pasted image goes the way of an uploaded file.
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    const input = document.querySelector("#upload input[type=file]");
    if (!files?.length || !input) return;
    event.preventDefault();
    const pasted = new DataTransfer();
    pasted.items.add(files[0]);
    input.files = pasted.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // The frame over the page is dragged out with the pointer, or set by the sliders.
  const SIDES = ["left", "top", "right", "bottom"];
  const sideInput = (side) => document.querySelector(`#${side} input[type=number]`);
  const drawFrame = () => {
    const frame = document.querySelector(".crop-frame");
    if (!frame) return;
    const [left, top, right, bottom] = SIDES.map((side) => Number(sideInput(side)?.value));
    Object.assign(frame.style, {
      left: `${Math.min(left, right)}%`,
      top: `${Math.min(top, bottom)}%`,
      right: `${100 - Math.max(left, right)}%`,
      bottom: `${100 - Math.max(top, bottom)}%`,
    });
  };
  const setSides = (values) => {
    SIDES.forEach((side, index) => {
      const input = sideInput(side);
      input.value = Math.min(Math.max(values[index], 0), 100).toFixed(1);
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
      input.dispatchEvent(new Event("blur"));
    });
    drawFrame();
  };
  let start = null;
  const place = (event, crop) => {
    const box = crop.getBoundingClientRect();
    return [(100 * (event.clientX - box.left)) / box.width, (100 * (event.clientY - box.top)) / box.height];
  };
  document.addEventListener("pointerdown", (event) => {
    const crop = event.target.closest(".crop");
    if (crop) start = { crop, point: place(event, crop) };
  });
  document.addEventListener("pointermove", (event) => {
    if (!start) return;
    const [x, y] = place(event, start.crop);
    const [x0, y0] = start.point;
    setSides([Math.min(x, x0), Math.min(y, y0), Math.max(x, x0), Math.max(y, y0)]);
  });
  document.addEventListener("pointerup", () => (start = null));
  document.addEventListener("input", (event) => {
    if (event.target.closest("#left, #top, #right, #bottom")) requestAnimationFrame(drawFrame);
  });

  // Called by the export buttons with {name, type, base64}: the file never lies on the server.
  window.saveFile = (file) => {
    if (!file) return;
    const bytes = Uint8Array.from(atob(file.base64), (letter) => letter.charCodeAt(0));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes], { type: file.type }));
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
})();
