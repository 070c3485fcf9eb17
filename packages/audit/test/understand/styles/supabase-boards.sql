-- Boards with members: no word for a tenant, the policies ask the membership.
create table public.boards (id uuid primary key, title text);
create table public.board_users (board_id uuid not null references public.boards, user_id uuid not null references auth.users, can_edit boolean, primary key (board_id, user_id));
create table public.columns (id uuid primary key, board_id uuid not null references public.boards);
create table public.cards (id uuid primary key, column_id uuid not null references public.columns);
alter table public.boards enable row level security;
alter table public.columns enable row level security;
alter table public.cards enable row level security;
alter table public.board_users enable row level security;
create policy member on public.boards using (exists (select 1 from public.board_users bu where bu.board_id = boards.id and bu.user_id = auth.uid()));
create policy member on public.columns using (board_id in (select bu.board_id from public.board_users bu where bu.user_id = auth.uid()));
create policy member on public.cards using (exists (select 1 from public.columns c join public.board_users bu using (board_id) where c.id = cards.column_id and bu.user_id = auth.uid()));
create policy own on public.board_users for select using (user_id = auth.uid());
