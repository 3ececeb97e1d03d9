// Prints the temperature of the cold frame each minute, as a line of JSON. Here a cold night is simulated.
const WARMEST = 9;
const COLDEST = -4;

function celsius(date) {
  const hours = date.getHours() + date.getMinutes() / 60;
  const share = (1 + Math.cos(((hours - 15) / 24) * 2 * Math.PI)) / 2;
  return Math.round((COLDEST + share * (WARMEST - COLDEST)) * 10) / 10;
}

const print = () => console.log(JSON.stringify({ celsius: celsius(new Date()) }));
print();
setInterval(print, 60_000);
