import { expect } from "expect";
import { join } from "node:path";
import { openPool, type Sql } from "../db/pool.ts";
import { freshDatabase } from "../db/testing/fresh_database.ts";
import { loadFraudModel, SHIPPED_MODEL_DIRECTORY } from "../load_fraud_model.ts";
import { championPath } from "./champion_file.ts";
import { promoteChallenger, type PromoteOptions, rollBackChampion } from "./promote_command.ts";
import { PromotionRefused } from "./promote_model.ts";
import { type PlantedShadow, plantShadow } from "./testing/plant_shadow.ts";

const CHALLENGER = "challenger01";
const { modelVersion: CHAMPION } = await loadFraudModel({
  modelDirectory: SHIPPED_MODEL_DIRECTORY,
  dataDirectory: "",
});

interface Place {
  readonly owner: Sql;
  readonly dataDirectory: string;
  plant(planted: Partial<PlantedShadow>): Promise<void>;
  promote(options?: Partial<PromoteOptions> & { modelDirectory?: string }): Promise<string>;
  rollBack(): Promise<string>;
  /** The code of the refusal. */
  refusal(work: Promise<unknown>): Promise<PromotionRefused>;
  /** The version that a server would load now. */
  served(): Promise<string>;
  records(): Promise<{ action: string; actor: string; from_version: string; to_version: string }[]>;
}

/** The shipped model as champion, a copy of it under another version as challenger, and a database to plant scores in. */
async function withPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const database = await freshDatabase();
  const owner = openPool({ url: database.ownerUrl, max: 2, applicationName: "promotion test" });
  const dataDirectory = await Deno.makeTempDir();
  const challengerDirectory = join(dataDirectory, "trained");
  await Deno.mkdir(challengerDirectory);
  for (const name of ["model.json", "weights.bin"]) {
    await Deno.copyFile(join(SHIPPED_MODEL_DIRECTORY, name), join(challengerDirectory, name));
  }
  const manifest = JSON.parse(await Deno.readTextFile(join(SHIPPED_MODEL_DIRECTORY, "manifest.json")));
  await Deno.writeTextFile(
    join(challengerDirectory, "manifest.json"),
    JSON.stringify({ ...manifest, modelVersion: CHALLENGER }),
  );
  const config = { dataDirectory, modelDirectory: null, challengerDirectory };
  const printed = async (run: (print: (line: string) => void) => Promise<void>) => {
    const lines: string[] = [];
    await run((line) => lines.push(line));
    return lines.join("\n");
  };
  try {
    await work({
      owner,
      dataDirectory,
      plant: (planted) =>
        plantShadow(owner, {
          champion: CHAMPION,
          challenger: CHALLENGER,
          payments: 6_000,
          frauds: 80,
          championKnows: 4,
          challengerKnows: 4,
          ...planted,
        }),
      promote: (
        { modelDirectory = null, ...options }: Partial<PromoteOptions> & { modelDirectory?: string | null } =
          {},
      ) =>
        printed((print) =>
          promoteChallenger(owner, { ...config, modelDirectory }, {
            labelDelayDays: 7,
            asOfMs: null,
            leastFrauds: 30,
            actor: "ada",
            dryRun: false,
            ...options,
          }, print)
        ),
      rollBack: () => printed((print) => rollBackChampion(owner, config, "grace", print)),
      refusal: async (work) => {
        const error = await work.then(() => null, (error) => error);
        expect(error).toBeInstanceOf(PromotionRefused);
        return error;
      },
      served: async () => (await loadFraudModel(config)).modelVersion,
      records: async () =>
        [
          ...await owner<{ action: string; actor: string; from_version: string; to_version: string }[]>`
          select action, actor, from_version, to_version from model_promotions order by at, promotion_id`,
        ].map((row) => ({ ...row })),
    });
  } finally {
    await owner.end();
    await database.drop();
    await Deno.remove(dataDirectory, { recursive: true });
  }
}

Deno.test("a better challenger is promoted with its evidence, a restart serves it, and a rollback restores the champion", async () => {
  await withPlace(async (place) => {
    await place.plant({ challengerKnows: 6 });
    expect(await place.promote({ dryRun: true })).toContain("Nothing was changed");
    expect(await place.served()).toBe(CHAMPION);
    expect(await place.records()).toEqual([]);

    const text = await place.promote();
    expect(text).toMatch(
      /Average precision, challenger less champion: \+0\.\d{3} \(95%: \+0\.\d{3} to \+0\.\d{3}\)/,
    );
    expect(text).toContain(`Promoted ${CHALLENGER}`);
    expect(await place.served()).toBe(CHALLENGER);
    expect(await place.records()).toEqual([
      { action: "promote", actor: "ada", from_version: CHAMPION, to_version: CHALLENGER },
    ]);
    const [{ evidence }] = await place.owner<
      {
        evidence: { frauds: number; averagePrecisionGain: { interval95: number[] }; labelDelayDays: number };
      }[]
    >`select evidence from model_promotions`;
    expect(evidence.frauds).toBeGreaterThan(50);
    expect(evidence.averagePrecisionGain.interval95[0]).toBeGreaterThan(0);
    expect(evidence.labelDelayDays).toBe(7);
    expect((await place.refusal(place.promote())).code).toBe("already_champion");

    // What is trained over the challenger's folder, or removed from it, changes nothing that is served.
    await Deno.remove(join(place.dataDirectory, "trained"), { recursive: true });
    expect(await place.served()).toBe(CHALLENGER);

    expect(await place.rollBack()).toContain(`from ${CHALLENGER} to ${CHAMPION}`);
    expect(await place.served()).toBe(CHAMPION);
    expect((await place.records()).at(-1)).toEqual(
      { action: "rollback", actor: "grace", from_version: CHALLENGER, to_version: CHAMPION },
    );
    const refused = await place.refusal(place.rollBack());
    expect(refused.code).toBe("nothing_to_roll_back");
    expect((await place.records()).length).toBe(2);
    await expect(place.owner`delete from model_promotions`).rejects.toThrow();
  });
});

const REFUSALS: [code: string, planted: Partial<PlantedShadow>, options: Partial<PromoteOptions>][] = [
  ["not_better", { challengerKnows: 2 }, {}],
  ["not_better", { championKnows: 4, challengerKnows: 4 }, {}],
  ["too_few_frauds", { challengerKnows: 6, frauds: 20 }, {}],
  ["too_few_frauds", { challengerKnows: 6 }, { leastFrauds: 500 }],
  // All frauds are known, but the payments are of the last six days: more may be reported.
  ["nothing_to_compare", { challengerKnows: 6, days: 3 }, {}],
  // As of the tenth day only what is a week older counts.
  ["too_few_frauds", { challengerKnows: 6 }, { asOfMs: Date.UTC(2026, 0, 15) }],
  ["lower_recall", { championKnows: 5, challengerKnows: 6.5, challengerOffset: -4 }, {}],
  ["too_many_false_positives", { challengerKnows: 9, challengerOffset: 3.5 }, {}],
  // Test payment methods order their outcome, so what is planted with one is no evidence.
  ["nothing_to_compare", { challengerKnows: 6, paymentMethodId: "pm_card_visa" }, {}],
];

Deno.test("a challenger is refused, and nothing is changed, where the evidence does not speak for it", async (t) => {
  for (const [code, planted, options] of REFUSALS) {
    await t.step(`${code}: ${JSON.stringify({ ...planted, ...options })}`, async () => {
      await withPlace(async (place) => {
        await place.plant(planted);
        const refused = await place.refusal(place.promote(options));
        expect(refused.message).toMatch(new RegExp(`^${code}: [^]+ ${RegExp.escape(refused.nextMove)}$`));
        expect(refused.nextMove.length).toBeGreaterThan(20);
        expect(await place.served()).toBe(CHAMPION);
        expect(await place.records()).toEqual([]);
        await expect(Deno.stat(championPath(place.dataDirectory))).rejects.toThrow(Deno.errors.NotFound);
      });
    });
  }
});

Deno.test("what the champion declined and nobody reports on counts by its own probability, and is told", async () => {
  await withPlace(async (place) => {
    // Equal models; but what the champion stopped was never reported.
    await place.plant({ declines: true, championKnows: 5.5, challengerKnows: 5.5, frauds: 200 });
    let text = "";
    const refused = await place.refusal(
      promoteWith(place, (line) => text += `${line}\n`),
    );
    expect(refused.code).toBe("not_better");
    const [, unknown] = text.match(/(\d+) of them the champion declined and nobody reported on/)!;
    expect(Number(unknown)).toBeGreaterThan(20);
  });
});

Deno.test("where chance let some of what the champion would decline pass, those stand for the rest, and the champion's word does not", async () => {
  const recallOf = async (planted: Partial<PlantedShadow>): Promise<{ recall: number; text: string }> => {
    let text = "";
    await withPlace(async (place) => {
      await place.plant({ championKnows: 5.5, challengerKnows: 5.5, frauds: 400, ...planted });
      await place.refusal(promoteWith(place, (line) => text += `${line}\n`));
    });
    return { text, recall: Number(/recall at score 75 +([0-9.]+)%/.exec(text)![1]) };
  };
  // Had nobody been declined, all would be known.
  const truth = await recallOf({});
  const explored = await recallOf({ declines: true, explores: 0.5 });
  const [, drawn, standFor] =
    /(\d+) of them the champion would have declined and chance let pass: they stand for (\d+)/
      .exec(explored.text)!;
  expect(Number(drawn)).toBeGreaterThan(100);
  expect(Number(standFor)).toBe(2 * Number(drawn));
  expect(explored.text).not.toContain("nobody reported on");
  expect(Math.abs(explored.recall - truth.recall)).toBeLessThan(5);
  // What was stopped is not among the known frauds, so without weights the champion would seem to find far less.
  const unweighted = Number(drawn) / Number(/: (\d+) known frauds/.exec(explored.text)![1]) * 100;
  expect(unweighted).toBeLessThan(truth.recall - 10);
});

async function promoteWith(place: Place, print: (line: string) => void): Promise<void> {
  await promoteChallenger(
    place.owner,
    {
      dataDirectory: place.dataDirectory,
      modelDirectory: null,
      challengerDirectory: join(place.dataDirectory, "trained"),
    },
    { labelDelayDays: 7, asOfMs: null, leastFrauds: 30, actor: "ada", dryRun: false },
    print,
  );
}

Deno.test("a promotion that the next start would not serve is refused: MODEL_DIR is set, or no challenger is named", async () => {
  await withPlace(async (place) => {
    await place.plant({ challengerKnows: 6 });
    expect((await place.refusal(place.promote({ modelDirectory: "/elsewhere" }))).code).toBe("model_dir_set");
    const config = { dataDirectory: place.dataDirectory, modelDirectory: null, challengerDirectory: null };
    const options = { labelDelayDays: 7, asOfMs: null, leastFrauds: 30, actor: "ada", dryRun: false };
    expect((await place.refusal(promoteChallenger(place.owner, config, options, () => {}))).code)
      .toBe("no_challenger");
  });
});

Deno.test("of two promotions at once one is made; a change that a crash kept from the record is written down later", async () => {
  await withPlace(async (place) => {
    await place.plant({ challengerKnows: 6 });
    const outcomes = await Promise.allSettled([place.promote(), place.promote()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const { reason } = outcomes.find((outcome) => outcome.status === "rejected") as PromiseRejectedResult;
    expect(["champion_changed", "already_champion"]).toContain(reason.code);
    expect((await place.records()).length).toBe(1);

    await place.owner.unsafe(
      "alter table model_promotions disable trigger user; delete from model_promotions",
    )
      .simple();
    await place.refusal(place.promote());
    expect(await place.records()).toEqual([
      { action: "promote", actor: "ada", from_version: CHAMPION, to_version: CHALLENGER },
    ]);
  });
});

Deno.test("a torn champion.json and a kept model that is gone stop a server with a way out", async () => {
  await withPlace(async (place) => {
    await place.plant({ challengerKnows: 6 });
    await place.promote();
    await Deno.remove(join(place.dataDirectory, "models", CHALLENGER), { recursive: true });
    await expect(place.served()).rejects.toThrow("deno task model:promote --rollback");
    await place.rollBack();
    expect(await place.served()).toBe(CHAMPION);
    await Deno.writeTextFile(championPath(place.dataDirectory), "{");
    await expect(place.served()).rejects.toThrow("does not name a promoted model");
  });
});
