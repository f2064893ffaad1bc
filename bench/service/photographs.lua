-- wrk: posts the forms in the folder that the first argument names, one after another; ends with a line of JSON.
local bodies, turn = {}, 0

function init(args)
  for index = 0, tonumber(args[2]) - 1 do
    local file = assert(io.open(args[1] .. "/" .. index, "rb"))
    bodies[#bodies + 1] = file:read("*a")
    file:close()
  end
  turn = math.random(#bodies)
end

local headers = { ["Content-Type"] = "multipart/form-data; boundary=bench" }

function request()
  turn = turn % #bodies + 1
  return wrk.format("POST", "/infer_image", headers, bodies[turn])
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"errors":%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
