CREATE TABLE `audit` (
	`id` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`project` text,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`entity` text NOT NULL,
	`entity_id` text NOT NULL,
	`detail` text
);
--> statement-breakpoint
CREATE INDEX `audit_at` ON `audit` (`at`);--> statement-breakpoint
CREATE TABLE `data_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`wrapped` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`hash` text PRIMARY KEY NOT NULL,
	`token_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`token_id`) REFERENCES `tokens`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`role` text NOT NULL,
	`project` text,
	`hash` text NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_hash_unique` ON `tokens` (`hash`);--> statement-breakpoint
CREATE TABLE `channels` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`settings` text NOT NULL,
	`sealed` text,
	`destination` text NOT NULL,
	`disabled_reason` text,
	`fallback` integer DEFAULT false NOT NULL,
	`version` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `channels_name` ON `channels` (`project`,`name`);--> statement-breakpoint
CREATE TABLE `connections` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`settings` text NOT NULL,
	`sealed` text,
	`version` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	`open_since` integer,
	`probe_at` integer,
	`last_error` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `connections_name` ON `connections` (`project`,`name`);--> statement-breakpoint
CREATE TABLE `destinations` (
	`destination` text PRIMARY KEY NOT NULL,
	`paused_until` integer,
	`closed_reason` text
);
--> statement-breakpoint
CREATE TABLE `attempts` (
	`delivery` integer NOT NULL,
	`number` integer NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer,
	`outcome` text,
	`reason` text,
	`response` text,
	`retry_at` integer,
	`trigger` text NOT NULL,
	PRIMARY KEY(`delivery`, `number`),
	FOREIGN KEY (`delivery`) REFERENCES `deliveries`(`seq`) ON UPDATE no action ON DELETE cascade
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`seq` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`project` text NOT NULL,
	`rule_id` text,
	`evaluation_id` text,
	`route` text NOT NULL,
	`recipient` text DEFAULT '' NOT NULL,
	`part_of` text,
	`fingerprints` text,
	`fingerprint` text,
	`channel_id` text,
	`kind` text NOT NULL,
	`destination` text NOT NULL,
	`message_kind` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`attempts` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`next_at` integer,
	`deadline_at` integer NOT NULL,
	`finished_at` integer,
	`waits_for` text,
	`follows` text,
	`receipt` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_id_unique` ON `deliveries` (`id`);--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`destination`,`next_at`) WHERE next_at is not null;--> statement-breakpoint
CREATE INDEX `deliveries_waiting` ON `deliveries` (`waits_for`) WHERE waits_for is not null;--> statement-breakpoint
CREATE INDEX `deliveries_parts` ON `deliveries` (`part_of`) WHERE part_of is not null;--> statement-breakpoint
CREATE INDEX `deliveries_open` ON `deliveries` (`rule_id`,`route`,`fingerprint`) WHERE finished_at is null;--> statement-breakpoint
CREATE INDEX `deliveries_failed` ON `deliveries` (`state`) WHERE finished_at is not null and state <> 'delivered';--> statement-breakpoint
CREATE INDEX `deliveries_receipts` ON `deliveries` (`rule_id`,`route`) WHERE receipt is not null;--> statement-breakpoint
CREATE INDEX `deliveries_rule` ON `deliveries` (`rule_id`);--> statement-breakpoint
CREATE TABLE `delivery_contents` (
	`seq` integer PRIMARY KEY NOT NULL,
	`settings` text NOT NULL,
	`sealed` text,
	`message` text NOT NULL,
	FOREIGN KEY (`seq`) REFERENCES `deliveries`(`seq`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `inbox` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`project` text NOT NULL,
	`channel_id` text,
	`rule_id` text,
	`kind` text NOT NULL,
	`severity` text NOT NULL,
	`title` text NOT NULL,
	`summary` text NOT NULL,
	`rule` text NOT NULL,
	`at` integer NOT NULL,
	`read_at` integer,
	`until` integer NOT NULL,
	`message` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `inbox_id_unique` ON `inbox` (`id`);--> statement-breakpoint
CREATE INDEX `inbox_project` ON `inbox` (`project`,`seq`);--> statement-breakpoint
CREATE INDEX `inbox_unread` ON `inbox` (`project`,`seq`) WHERE read_at is null;--> statement-breakpoint
CREATE INDEX `inbox_until` ON `inbox` (`until`);--> statement-breakpoint
CREATE TABLE `alerts` (
	`rule_id` text NOT NULL,
	`fingerprint` text NOT NULL,
	`labels` text NOT NULL,
	`state` text NOT NULL,
	`since` integer NOT NULL,
	`firing_since` integer,
	`history` text NOT NULL,
	`missing` integer NOT NULL,
	`errors` integer NOT NULL,
	`value` text NOT NULL,
	`sequence` integer NOT NULL,
	PRIMARY KEY(`rule_id`, `fingerprint`),
	FOREIGN KEY (`rule_id`) REFERENCES `rules`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `alerts_open` ON `alerts` (`state`) WHERE state <> 'normal';--> statement-breakpoint
CREATE TABLE `evaluation_places` (
	`rule_id` text NOT NULL,
	`at` integer NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`rule_id`, `at`, `seq`),
	FOREIGN KEY (`rule_id`) REFERENCES `rules`(`id`) ON UPDATE no action ON DELETE cascade
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `evaluations` (
	`seq` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`project` text NOT NULL,
	`rule_id` text NOT NULL,
	`at` integer NOT NULL,
	`verdict` text NOT NULL,
	`value` text NOT NULL,
	`notable` integer NOT NULL,
	`trace` blob,
	`result` blob,
	`repeats` integer DEFAULT 1 NOT NULL,
	`first_at` integer NOT NULL,
	`minimum` real,
	`maximum` real
);
--> statement-breakpoint
CREATE UNIQUE INDEX `evaluations_id_unique` ON `evaluations` (`id`);--> statement-breakpoint
CREATE TABLE `route_states` (
	`rule_id` text NOT NULL,
	`route` text NOT NULL,
	`fingerprint` text NOT NULL,
	`delivered_at` integer,
	`delivery_id` text,
	`sequence` integer NOT NULL,
	PRIMARY KEY(`rule_id`, `route`, `fingerprint`),
	FOREIGN KEY (`rule_id`) REFERENCES `rules`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `rule_clocks` (
	`rule_id` text PRIMARY KEY NOT NULL,
	`next_due_at` integer,
	`claimed_tick` integer,
	`last_run_at` integer,
	`last_success_at` integer,
	`last_alert_at` integer,
	`previous` blob,
	FOREIGN KEY (`rule_id`) REFERENCES `rules`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `rule_clocks_due` ON `rule_clocks` (`next_due_at`) WHERE next_due_at is not null and claimed_tick is null;--> statement-breakpoint
CREATE INDEX `rule_clocks_claimed` ON `rule_clocks` (`claimed_tick`) WHERE claimed_tick is not null;--> statement-breakpoint
CREATE TABLE `rules` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`connection` text NOT NULL,
	`definition` text NOT NULL,
	`inline` text DEFAULT '{}' NOT NULL,
	`version` integer DEFAULT 1 NOT NULL,
	`external_index` integer NOT NULL,
	`origin` text,
	`notification` text,
	`owner` text,
	`warnings` text DEFAULT '[]' NOT NULL,
	`blocked` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `rules_name` ON `rules` (`project`,`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `rules_external` ON `rules` (`project`,`external_index`);--> statement-breakpoint
CREATE INDEX `rules_connection` ON `rules` (`project`,`connection`);--> statement-breakpoint
CREATE INDEX `rules_owner` ON `rules` (`project`,`owner`) WHERE owner is not null;--> statement-breakpoint
CREATE INDEX `rules_secret` ON `rules` (`project`,(notification ->> '$.secret_params.secret')) WHERE owner is not null;--> statement-breakpoint
CREATE TABLE `notification_lists` (
	`project` text NOT NULL,
	`owner` text NOT NULL,
	`set_at` integer NOT NULL,
	PRIMARY KEY(`project`, `owner`)
);
--> statement-breakpoint
CREATE TABLE `pings` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`labels` text NOT NULL,
	`hash` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `pings_hash_unique` ON `pings` (`hash`);--> statement-breakpoint
CREATE UNIQUE INDEX `pings_name` ON `pings` (`project`,`name`);--> statement-breakpoint
CREATE TABLE `project_secrets` (
	`project` text NOT NULL,
	`name` text NOT NULL,
	`sealed` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`project`, `name`)
);
--> statement-breakpoint
CREATE TABLE `run_events` (
	`run` integer NOT NULL,
	`id` text NOT NULL,
	PRIMARY KEY(`run`, `id`),
	FOREIGN KEY (`run`) REFERENCES `runs`(`seq`) ON UPDATE no action ON DELETE cascade
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `run_names` (
	`project` text NOT NULL,
	`name` text NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`project`, `name`, `seq`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `run_reports` (
	`run` integer NOT NULL,
	`rule_id` text NOT NULL,
	`attempt` integer NOT NULL,
	`step` text NOT NULL,
	`state` text NOT NULL,
	`verdict` text NOT NULL,
	`evaluation_id` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`run`, `rule_id`, `attempt`, `step`, `state`),
	FOREIGN KEY (`run`) REFERENCES `runs`(`seq`) ON UPDATE no action ON DELETE cascade
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `run_reports_rule` ON `run_reports` (`rule_id`);--> statement-breakpoint
CREATE TABLE `runs` (
	`seq` integer PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`uid` text NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`state` text NOT NULL,
	`attempt` integer NOT NULL,
	`started_at` real,
	`ended_at` real,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	`record` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runs_uid` ON `runs` (`project`,`uid`);--> statement-breakpoint
CREATE INDEX `runs_open` ON `runs` (`project`,`name`) WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX `runs_project` ON `runs` (`project`);--> statement-breakpoint
CREATE INDEX `runs_failed` ON `runs` (`project`) WHERE state in ('skipped', 'aborted', 'error');--> statement-breakpoint
CREATE TABLE `variables` (
	`owner` text PRIMARY KEY NOT NULL,
	`list` text NOT NULL,
	`updated_at` integer NOT NULL
);
