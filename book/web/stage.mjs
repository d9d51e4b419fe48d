// A lab alone, in large type, its charts as large as the window: for a lecture. Fetched when it is asked for.

/** A stage for a lab. Whoever stands on it is named in the address; `changed` is told of moves. */
export function stage(section, key, changed) {
  const dialog = document.createElement("dialog"); // what it covers cannot be reached
  const place = document.createComment(key);
  dialog.className = "stage";
  dialog.tabIndex = -1;
  dialog.setAttribute("aria-label", section.getAttribute("aria-label"));

  function moved() {
    const query = new URLSearchParams(location.search);
    if (dialog.open) query.set("present", key);
    else query.delete("present");
    const search = query.size ? `?${query}` : "";
    history.replaceState(null, "", location.pathname + search + location.hash);
    changed(dialog.open);
  }

  function enter() {
    section.replaceWith(place);
    dialog.append(section);
    document.body.append(dialog);
    dialog.showModal();
    dialog.focus(); // and not its first slider, which may lie far down
    dialog.scrollTop = 0;
    moved();
  }

  // Escape closes a dialog, were it not for the theme.
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape") dialog.close();
  });
  dialog.addEventListener("close", () => {
    place.replaceWith(section);
    dialog.remove();
    moved();
    section.scrollIntoView({ block: "nearest" });
    section.querySelector('[data-do="present"]').focus();
  });

  return () => (dialog.open ? dialog.close() : enter());
}
