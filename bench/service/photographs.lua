-- wrk: posts the forms, made once, in the folder that the first argument names, one after another; ends with a line of JSON.
local requests, turn = {}, 0

local headers = { ["Content-Type"] = "multipart/form-data; boundary=bench" }

function init(args)
  for index = 0, tonumber(args[2]) - 1 do
    local file = assert(io.open(args[1] .. "/" .. index, "rb"))
    requests[#requests + 1] = wrk.format("POST", "/infer_image", headers, file:read("*a"))
    file:close()
  end
  turn = math.random(#requests)
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"errors":%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
