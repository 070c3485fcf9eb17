-- No organisations, no policies: each user has their own.
create role blog_app login;
create table users (id serial primary key, email text not null unique, password_digest text not null);
create table notebooks (id serial primary key, user_id int not null references users, title text);
create table notes (id serial primary key, notebook_id int not null references notebooks on delete cascade, body text);
create table shares (note_id int not null references notes, user_id int not null references users, primary key (note_id, user_id));
create table fonts (id serial primary key, name text);
grant select, insert, update, delete on all tables in schema public to blog_app;
