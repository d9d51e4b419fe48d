// The scoreboard: shows the claims of one verdict or one chapter.
for (const board of document.querySelectorAll("[data-board]")) {
  const form = board.querySelector("form");
  if (!(form instanceof HTMLFormElement)) continue;
  /** @type {HTMLElement[]} */
  const claims = [...board.querySelectorAll("article")];
  const show = () => {
    const chosen = [...new FormData(form)].filter(([, value]) => value);
    for (const claim of claims)
      claim.hidden = chosen.some(([name, value]) => claim.dataset[name] !== value);
    const shown = claims.filter((claim) => !claim.hidden).length;
    const said = board.getAttribute("data-board") ?? "";
    form.elements[2].textContent = said
      .replace("{shown}", String(shown))
      .replace("{claims}", String(claims.length));
  };
  form.addEventListener("change", show);
  form.hidden = false;
  show();
}
