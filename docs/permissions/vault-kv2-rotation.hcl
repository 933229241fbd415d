# rotation: beside read and write, the journal, candidates and copies of former values
path "secret/data/latchkey/rotation/*" {
  capabilities = ["create", "read", "update"]
}
path "secret/metadata/latchkey/rotation/*" {
  capabilities = ["create", "update", "list", "delete"]
}
# whether a former version stays readable; without these, it is copied before each promotion
path "secret/metadata/*" {
  capabilities = ["read"]
}
path "secret/config" {
  capabilities = ["read"]
}
# keeps the journal alive; only where the mount deletes versions by age
path "secret/undelete/latchkey/rotation/*" {
  capabilities = ["update"]
}
