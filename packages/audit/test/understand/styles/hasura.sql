-- Session variables in JSON, a membership behind a view, ids as text arrays.
create role gateway login;
create table groups (id text primary key, name text);
create table people (id text primary key, name text);
create table belongs (person_id text not null references people, group_id text not null references groups, since date, left_at date, primary key (person_id, group_id));
create view active_belongs as select person_id, group_id from belongs where left_at is null;
create table surveys (id text primary key, group_id text not null references groups);
create table answers (id text primary key, survey_id text not null references surveys on delete cascade, answered_by text references people);
alter table surveys enable row level security;
alter table answers enable row level security;
create policy member on surveys using (group_id = any (array(select a.group_id from active_belongs a where a.person_id = current_setting('hasura.user')::json ->> 'x-hasura-user-id')));
create policy member on answers using (survey_id in (with mine as (select s.id from surveys s natural join active_belongs a where a.person_id = current_setting('hasura.user')::json ->> 'x-hasura-user-id' and a.group_id = s.group_id) select id from mine));
grant select, insert, update, delete on all tables in schema public to gateway;
