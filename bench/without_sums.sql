-- Takes away what the sums need of the log, for bench/writers.
drop trigger tally_event_numbered on resource_usage_log;
drop trigger tally_event_updated on resource_usage_log;
drop trigger tally_event_deleted on resource_usage_log;
drop index resource_usage_log_number, resource_usage_log_number_of_user;
alter table resource_usage_log
  drop constraint resource_usage_log_numbered,
  alter column seq drop default;
