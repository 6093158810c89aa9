// Small comforts. Every page works without this file.
(() => {
  "use strict";

  // A form or button with data-confirm asks first, in the site's own dialog.
  const dialog = document.getElementById("confirm");
  if (dialog && dialog.showModal) {
    let waiting = null;
    document.addEventListener("submit", (event) => {
      const button = event.submitter;
      const text = (button && button.dataset.confirm) || event.target.dataset.confirm;
      if (!text || waiting === event.target) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      dialog.querySelector("#confirm-text").textContent = text;
      dialog.showModal();
      dialog.querySelector("[data-sure]").onclick = () => {
        dialog.close();
        waiting = event.target;
        event.target.requestSubmit(button || undefined);
        waiting = null;
      };
    }, true);
  }
  // A second click within three seconds sends nothing twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 3000);
  });
  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog").close();
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open).showModal();
    const printer = event.target.closest("[data-print]");
    if (printer) window.print();
    const copier = event.target.closest("[data-copy]");
    if (copier && navigator.clipboard) {
      navigator.clipboard.writeText(copier.dataset.copy).then(() => { copier.textContent = copier.dataset.copied; });
    }
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // After a refused form, the reader starts at the list of what is wrong.
  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();

  // Where tabs are wider than the screen, the current one is in sight.
  document.querySelectorAll("nav.tabs [aria-current]").forEach((tab) => {
    const bar = tab.parentElement;
    bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  });

  // A table that is wider than the screen can be moved by keyboard.
  document.querySelectorAll(".scroll").forEach((box) => {
    if (box.scrollWidth > box.clientWidth && !box.hasAttribute("tabindex")) box.tabIndex = 0;
  });
})();
