-- Of what was written under a key, what had to be simplified: whoever asks again is answered the same.
alter table keyed_writes add column simplified text[] not null default '{}';
