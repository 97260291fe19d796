-- When what is raised was raised: the end of the bucket that did it.
alter table analytics_alerts add column raised_at timestamptz;
-- Of what is raised already that is not known: when it was looked at last.
update analytics_alerts set raised_at = looked_at where raised;
