//! Counting, against a plain reference that keeps every event: hand-made examples and random deliveries, through the command line.

mod bounds;
mod event;
mod examples;
mod follow_ups;
mod kernel;
mod limit;
mod machine;
mod named;
mod reference;
mod rules;
mod scan;
mod strategy;
mod world;
