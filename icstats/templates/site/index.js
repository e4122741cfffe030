/* Searches, filters and orders the rows of the index. Without it every row is there, in the order of the study. */
(() => {
  const tools = document.querySelector(".tools");
  const body = document.querySelector(".departments tbody");
  const rows = [...body.rows];
  const [search, verdict, status, order] = ["search", "verdict", "status", "order"].map((name) =>
    document.getElementById(name));
  const said = document.getElementById("found");
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const names = rows.map((row) => plain(row.cells[0].textContent));
  const language = document.documentElement.lang;

  const place = (select, value) => {
    const at = [...select.options].findIndex((option) => option.value && option.value === value);
    return at < 0 ? select.options.length : at;
  };
  const orders = {
    study: () => 0,
    name: (one, other) => one.cells[0].textContent.localeCompare(other.cells[0].textContent, language),
    verdict: (one, other) => place(verdict, one.dataset.verdict) - place(verdict, other.dataset.verdict),
    status: (one, other) => place(status, one.dataset.status) - place(status, other.dataset.status),
  };

  const fits = (row, at) =>
    names[at].includes(plain(search.value.trim())) &&
    (!verdict?.value || row.dataset.verdict === verdict.value) &&
    (!status.value || row.dataset.status === status.value);

  const show = () => {
    let found = 0;
    rows.forEach((row, at) => {
      row.hidden = !fits(row, at);
      found += row.hidden ? 0 : 1;
    });
    body.append(...[...rows].sort(orders[order.value]));
    said.textContent = said.dataset.words.replace("#", found);
  };

  tools.hidden = false;
  tools.addEventListener("input", show);
  show();
})();
