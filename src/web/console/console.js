// Keeps a page of the console up to date. Everything works without it; then a page shows what was so when it was loaded.
"use strict";
(() => {
  const body = document.body;
  const offline = document.getElementById("offline");

  // Times that pass: the server says since when, and the page counts.
  const length = (s) => {
    const two = (n) => String(n).padStart(2, "0");
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  };
  const tick = () => {
    for (const element of document.querySelectorAll("[data-since]")) {
      const text = length(Math.abs(Math.round((Date.now() - Number(element.dataset.since)) / 1000)));
      if (element.textContent !== text) element.textContent = text;
    }
  };
  setInterval(tick, 1000);

  // What has been typed or is being picked is not taken from under anybody's hands.
  const inUse = (region) => {
    const active = document.activeElement;
    if (active && region.contains(active) && active.matches("select")) return true;
    return [...region.querySelectorAll("input:not([type=hidden]):not([type=checkbox]), textarea")].some(
      (field) => field === active || field.value !== field.defaultValue,
    );
  };
  const waiting = new Map();
  const replace = (id, version, html) => {
    const region = document.getElementById(id);
    if (!region || region.dataset.version === version) return;
    if (inUse(region)) {
      waiting.set(id, [version, html]);
      return;
    }
    waiting.delete(id);
    const details = [...region.querySelectorAll("details")].map((one) => one.open);
    const focusable = () => [...region.querySelectorAll("a, button, input, select, summary, [tabindex]")];
    const at = focusable().indexOf(document.activeElement);
    const scrolled = [...region.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
    region.innerHTML = html;
    region.dataset.version = version;
    [...region.querySelectorAll("details")].forEach((one, n) => { if (n < details.length) one.open = details[n]; });
    [...region.querySelectorAll(".scroll")].forEach((one, n) => { if (n < scrolled.length) one.scrollLeft = scrolled[n]; });
    if (at >= 0 && focusable()[at]) focusable()[at].focus({ preventScroll: true });
  };
  setInterval(() => waiting.forEach(([version, html], id) => replace(id, version, html)), 2000);

  const typing = () => [...document.querySelectorAll(".region")].some(inUse);
  const patch = ({ ids, changed }) => {
    const here = [...document.querySelectorAll("#alerts, #nav, #modes, #stop, .region")].map((region) => region.id);
    if (here.length !== ids.length || ids.some((id) => !here.includes(id))) {
      // A part of the page has come or gone.
      if (!typing()) location.reload();
      return;
    }
    changed.forEach(([id, version, html]) => replace(id, version, html));
    tick();
  };

  let source = null;
  let late = null;
  const lost = () => {
    late ??= setTimeout(() => { offline.hidden = false; body.classList.add("stale"); }, 3000);
  };
  const found = () => {
    clearTimeout(late);
    late = null;
    offline.hidden = true;
    body.classList.remove("stale");
  };
  const open = () => {
    if (source || !body.dataset.live || document.hidden) return;
    source = new EventSource(body.dataset.live);
    source.onopen = found;
    source.addEventListener("patch", (event) => patch(JSON.parse(event.data)));
    source.addEventListener("gone", () => location.reload());
    source.onerror = () => {
      lost();
      // A browser gives up after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(open, 5000);
      }
    };
  };
  const close = () => {
    source?.close();
    source = null;
  };
  // A browser has few connections to one address: what nobody looks at needs none.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();

  // A button that was pressed is not pressed twice.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button) setTimeout(() => { button.disabled = true; }, 0);
  });
})();
