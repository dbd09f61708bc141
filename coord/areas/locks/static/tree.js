// Locks as the tree of their paths: by project, folders that hold nothing but one folder drawn together with it.

const isPath = (resource) => !/\s/.test(resource) && /[/\\]/.test(resource);
const stepsOf = (resource) => resource.replaceAll("\\", "/").split("/").filter((step) => step !== "" && step !== "." && step !== "**");
const TREE = /[/\\](\*\*)?$/;
const byName = (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);

/** Rows from the top down: `{ key, depth, project | name, count }` of a project or a folder, `{ key, depth, name, lock }` of a lock. */
export function treeOf(locks) {
  const projects = new Map();
  for (const lock of locks) {
    if (!projects.has(lock.project_key)) projects.set(lock.project_key, []);
    projects.get(lock.project_key).push(lock);
  }
  return [...projects].sort(byName).flatMap(([project, held]) => {
    const top = { folders: new Map(), locks: [], count: 0 };
    for (const lock of held) place(top, lock);
    return [{ key: `project ${project}`, depth: 0, project, count: top.count }, ...rowsOf(top, project, 1)];
  });
}

function place(top, lock) {
  const path = isPath(lock.resource);
  const steps = path ? stepsOf(lock.resource) : [lock.resource];
  const last = steps.pop();
  const name = last === undefined ? "/" : path && TREE.test(lock.resource) ? `${last}/` : last;
  let folder = top;
  folder.count += 1;
  for (const step of steps) {
    if (!folder.folders.has(step)) folder.folders.set(step, { folders: new Map(), locks: [], count: 0 });
    folder = folder.folders.get(step);
    folder.count += 1;
  }
  folder.locks.push([name, lock]);
}

function rowsOf(folder, path, depth) {
  const rows = folder.locks.sort(byName).map(([name, lock]) => ({ key: lock.id, depth, name, lock }));
  for (const [first, inner] of [...folder.folders].sort(byName)) {
    let [name, below] = [first, inner];
    while (below.locks.length === 0 && below.folders.size === 1) {
      const [[next, deeper]] = below.folders;
      [name, below] = [`${name}/${next}`, deeper];
    }
    const key = `${path}/${name}`;
    rows.push({ key: `folder ${key}`, depth, name: `${name}/`, count: below.count }, ...rowsOf(below, key, depth + 1));
  }
  return rows;
}
