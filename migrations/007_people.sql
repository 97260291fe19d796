-- What people are called. The log knows them by their ids alone; the name is the one in the last token with which they
-- came to write.
create table people (
  id text primary key,
  name text not null
);
