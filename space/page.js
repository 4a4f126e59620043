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
