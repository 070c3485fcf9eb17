-- Organisations above workspaces above projects: the highest is the tenant.
create table public.organizations (id uuid primary key, name text);
create table public.workspaces (id uuid primary key, organization_id uuid not null references public.organizations);
create table public.projects (id uuid primary key, workspace_id uuid not null references public.workspaces);
create table public.issues (id uuid primary key, project_id uuid not null references public.projects, duplicate_of uuid references public.issues);
create table public.comments (id uuid primary key, issue_id uuid not null references public.issues, workspace_id uuid references public.workspaces);
create table public.languages (code text primary key);
