// Draws what the element #data holds: curves by time, and trades on the price of a coin.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const COLORS = ["#3987c9", "#d64545", "#2f9e4f", "#9a6fd0", "#e8862e", "#1fa3b5", "#a1675b", "#8a8a8a"];
  const color = (number) => COLORS[number % COLORS.length];
  const styled = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const inUtc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");
  const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
  const sync = uPlot.sync("time");
  const plots = [];

  // Days where marks lie a day apart, else hours too.
  const ticks = (_, times, at, space, step) => times.map((time) => (step < 86400 ? utc(time).slice(5).replace(" ", "\n") : utc(time).slice(0, 10)));
  const axes = () => [
    { stroke: styled("--soft"), grid: { stroke: styled("--grid"), width: 1 }, values: ticks, space: 80 },
    { stroke: styled("--soft"), grid: { stroke: styled("--grid"), width: 1 }, size: 70 },
  ];

  function plot(host, series, columns, more) {
    if (!columns[0].length) {
      host.textContent = "nothing to draw";
      return null;
    }
    const made = new uPlot({
      width: host.clientWidth, height: 300, tzDate: inUtc, axes: axes(),
      cursor: { sync: { key: sync.key }, drag: { x: true, y: false } },
      series: [{ label: "UTC", value: (_, time) => (time === null ? "" : utc(time)) }, ...series],
      ...more,
    }, columns, host);
    plots.push([made, host]);
    return made;
  }

  for (const [key, digits] of [["index", 4], ["fall", 2], ["sharpe", 2]]) {
    const host = document.getElementById(key);
    if (!host) continue;
    const series = data.traders.map((one, number) => ({
      label: one.name, stroke: color(number), width: 1.5, dash: one.is_baseline ? [4, 3] : undefined, points: { show: false },
      value: (_, value) => (value === null ? "" : value.toFixed(digits)),
    }));
    plot(host, series, [data.time, ...data.traders.map((one) => one[key])], {});
  }

  const coin = document.getElementById("coin");
  const trader = document.getElementById("trader");
  const host = document.getElementById("price");
  const option = (select, text, value) => select.append(new Option(text, value));
  const sections = new Set(data.coins.map((one) => one.market));
  data.coins.forEach((one, number) => option(coin, sections.size > 1 ? `${one.coin} (${one.market})` : one.coin, number));
  option(trader, "all", -1);
  data.traders.forEach((one, number) => option(trader, one.name, number));
  // The coin with the most trades says the most.
  const counts = data.coins.map((_, number) => data.trades.filter((mark) => mark[1] === number).length);
  coin.value = String(Math.max(0, counts.indexOf(Math.max(...counts))));

  const shown = () => data.trades.filter((mark) => mark[1] === Number(coin.value) && (trader.value === "-1" || mark[0] === Number(trader.value)));

  function triangle(context, x, y, size, isUp) {
    const tip = isUp ? -size : size;
    context.beginPath();
    context.moveTo(x, y + tip);
    context.lineTo(x - size, y - tip);
    context.lineTo(x + size, y - tip);
    context.closePath();
    context.fill();
  }

  function marks(made) {
    const context = made.ctx;
    const size = 4 * devicePixelRatio;
    const place = (time, price) => [made.valToPos(time, "x", true), made.valToPos(price, "y", true)];
    context.save();
    context.beginPath();
    context.rect(made.bbox.left, made.bbox.top, made.bbox.width, made.bbox.height);
    context.clip();
    for (const [who, , entered, entry, left, exit, isLong, net] of shown()) {
      const [x1, y1] = place(entered, entry);
      const [x2, y2] = place(left, exit);
      context.strokeStyle = context.fillStyle = color(who);
      context.globalAlpha = 0.9;
      context.beginPath();
      context.setLineDash([3, 3]);
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
      triangle(context, x1, y1, size, isLong === 1);
      context.fillStyle = styled(net < 0 ? "--down" : "--up");
      context.beginPath();
      context.arc(x2, y2, size * 0.7, 0, 2 * Math.PI);
      context.fill();
    }
    context.restore();
  }

  // Says in words what the pointer is nearest to.
  function tell(made) {
    const { left, top } = made.cursor;
    if (left === null || left < 0) return;
    let best = null;
    let near = 20;
    for (const mark of shown()) {
      for (const [time, price] of [[mark[2], mark[3]], [mark[4], mark[5]]]) {
        const away = Math.hypot(made.valToPos(time, "x") - left, made.valToPos(price, "y") - top);
        if (away < near) [best, near] = [mark, away];
      }
    }
    if (!best) return;
    const [who, which, entered, entry, out, exit, isLong, net, reason] = best;
    document.getElementById("trade").textContent =
      `${data.traders[who].name}: ${data.coins[which].coin} ${isLong ? "long" : "short"}, ${utc(entered)} at ${entry} to ${utc(out)} at ${exit} (${reason}), net ${net.toFixed(2)} USD`;
  }

  let priced = null;
  function price() {
    const at = plots.findIndex(([made]) => made === priced);
    if (at >= 0) plots.splice(at, 1)[0][0].destroy();
    host.replaceChildren();
    const one = data.coins[Number(coin.value)];
    if (!one) {
      host.textContent = "nothing to draw";
      return;
    }
    const series = [
      { label: "high", stroke: styled("--grid"), points: { show: false } },
      { label: "low", stroke: styled("--grid"), points: { show: false } },
      { label: "close", stroke: styled("--soft"), width: 1.5, points: { show: false } },
    ];
    priced = plot(host, series, [one.time, one.high, one.low, one.close], {
      bands: [{ series: [1, 2], fill: styled("--band") }],
      hooks: { draw: [marks], setCursor: [tell] },
    });
  }
  coin.onchange = price;
  trader.onchange = () => priced && priced.redraw();
  price();

  addEventListener("resize", () => {
    for (const [made, place] of plots) made.setSize({ width: place.clientWidth, height: 300 });
  });
})();
