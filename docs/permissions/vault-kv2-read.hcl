# read: values, also those of older versions
path "secret/data/*" {
  capabilities = ["read"]
}
