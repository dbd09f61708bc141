// The order in which items are handed out: highest priority first, then the oldest. Moving one changes no more priorities than it must.

/** What is not handed out any more, or already, has no place. */
export const queueOf = (items) => items.filter((each) => each.status === "pending" || each.status === "blocked");

const isOlder = (one, other) => one.created_at < other.created_at || (one.created_at === other.created_at && one.id < other.id);

/** The changes `[{ item, priority }]` after which the item stands at that place of the queue, counted from 0. */
export function moved(queue, item, place) {
  const from = queue.indexOf(item);
  if (from === place) return [];
  const order = queue.toSpliced(from, 1).toSpliced(place, 0, item);
  const priorities = new Map(queue.map((each) => [each, each.priority]));
  if (place < from) raise(order, place, priorities);
  else lower(order, place, priorities);
  return queue.filter((each) => priorities.get(each) !== each.priority).map((each) => ({ item: each, priority: priorities.get(each) }));
}

/** What stands before another must have a higher priority, or the same and be older. */
function raise(order, place, priorities) {
  for (let at = place; at >= 0 && at + 1 < order.length; at -= 1) {
    const least = priorities.get(order[at + 1]) + (isOlder(order[at], order[at + 1]) ? 0 : 1);
    if (priorities.get(order[at]) >= least) return;
    priorities.set(order[at], least);
  }
}

function lower(order, place, priorities) {
  for (let at = place; at < order.length; at += 1) {
    const most = priorities.get(order[at - 1]) - (isOlder(order[at - 1], order[at]) ? 0 : 1);
    if (priorities.get(order[at]) <= most) return;
    priorities.set(order[at], most);
  }
}
