// The table of questions: a click on a heading sorts, typing filters, and so many rows are shown at once.
// Without this script the table is all there.
const ROWS = 50;
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0], rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const compare = (a, b) => (head.classList.contains("n") ? Number(value(a)) - Number(value(b)) : value(a).localeCompare(value(b)));
      rows.sort((a, b) => (down ? -compare(a, b) : compare(a, b)));
      body.append(...rows);
      start = 0;
      show();
    });
  });
  const [find, count, wrong, differ, page, back, on] = ["find", "count", "wrong", "differ", "page", "back", "on"].map((id) => document.getElementById(id));
  let start = 0;
  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = rows.filter((row) => words.every((word) => row.textContent.toLowerCase().includes(word)) &&
      !(wrong.checked && row.dataset.right !== "0") && !(differ?.checked && row.dataset.differ === undefined));
    const shown = new Set(fits.slice(start, start + ROWS));
    for (const row of rows) row.hidden = !shown.has(row);
    count.textContent = `${fits.length} of ${rows.length}`;
    page.textContent = `${Math.min(start + 1, fits.length)} to ${Math.min(start + ROWS, fits.length)}`;
    back.disabled = start === 0;
    on.disabled = start + ROWS >= fits.length;
    page.parentElement.hidden = fits.length <= ROWS;
  };
  const turn = (by) => { start += by; show(); };
  back.addEventListener("click", () => turn(-ROWS));
  on.addEventListener("click", () => turn(ROWS));
  for (const field of [find, wrong, differ]) field?.addEventListener("input", () => { start = 0; show(); });
  show();
}
