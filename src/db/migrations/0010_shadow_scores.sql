-- A second fraud model in the shadow of the one that decides, and who promoted which model on what evidence.
--
-- challenger_models says since when a challenger has been scoring: payments accepted before that may be among those it was
-- trained on, and are no evidence. shadow_scores holds what both models said of one stored payment's vector, written in bulk
-- after the payment and apart from it: nothing of it decides anything. What is missing is what no server has scored yet.
-- Scores are as the screen would have shown them, hard rules included; probabilities are the models' own.
--
-- model_promotions is written by `deno task model:promote` as the owner, beside the file that servers read
-- (src/promotion/README.md). All three are append-only.
--
-- Locks: creates new objects only.

create table challenger_models (
  model_version  text primary key,
  shadowed_since timestamptz not null
);
create trigger challenger_models_append_only before update or delete or truncate on challenger_models
  for each statement execute function refuse_change();

create table shadow_scores (
  tenant_id              text not null,
  challenger_version     text not null references challenger_models,
  payment_id             text not null,
  champion_version       text not null,
  champion_probability   double precision not null check (champion_probability between 0 and 1),
  champion_score         real not null check (champion_score between 0 and 100),
  challenger_probability double precision not null check (challenger_probability between 0 and 1),
  challenger_score       real not null check (challenger_score between 0 and 100),
  scored_at              timestamptz not null,
  primary key (tenant_id, challenger_version, payment_id)
);
create trigger shadow_scores_append_only before update or delete or truncate on shadow_scores
  for each statement execute function refuse_change();
alter table shadow_scores enable row level security;
create policy own_tenants on shadow_scores to mcp_payments_app
  using (strpos(',' || current_setting('app.tenants', true) || ',', ',' || tenant_id || ',') > 0)
  with check (strpos(',' || current_setting('app.tenants', true) || ',', ',' || tenant_id || ',') > 0);

create table model_promotions (
  promotion_id text primary key,
  at           timestamptz not null,
  actor        text not null check (actor <> ''),
  action       text not null check (action in ('promote', 'rollback')),
  from_version text not null,
  to_version   text not null check (to_version <> from_version),
  evidence     jsonb,
  constraint model_promotions_rest_on_evidence check ((action = 'promote') = (evidence is not null))
);
create trigger model_promotions_append_only before update or delete or truncate on model_promotions
  for each statement execute function refuse_change();

grant select, insert on challenger_models, shadow_scores to mcp_payments_app;
